import type { Client, ClientEvent } from '@qconn/client';
import type { Clock } from '@qconn/clock';
import { QconnError } from '@qconn/protocol';
import type { Logger } from '@qconn/startup';
import { createAdapter } from '../adapters/create-adapter.ts';
import type { DeviceConfig } from '../config/agent-config.ts';
import type { ErrorStatus, IdentityStatus, RunningStatus } from '../control/agent-status.ts';
import { AGENT } from '../version.ts';
import { DeviceService } from './device-service.ts';
import { PhaseLog } from './phase-log.ts';

/** What an agent works with. It owns the client: closing the agent closes it. */
export interface AgentDependencies {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What an agent is. */
export interface AgentOptions {
  readonly identity: IdentityStatus;
  readonly devices: readonly DeviceConfig[];
}

/** Longest wait for jobs that run when the agent stops, in milliseconds: a label is printed by then. */
export const DRAIN_MS = 10_000;

/** A machine's devices, served through their adapters for as long as the agent runs. */
export class Agent {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #services: readonly DeviceService[];
  readonly #withdraw: (() => Promise<void>)[] = [];
  readonly #startedAt: string;
  readonly #phaseLog: PhaseLog;
  #identity: IdentityStatus;
  #phaseSince: string;
  #lastError: ErrorStatus | undefined;
  #watching: Promise<void> = Promise.resolve();

  constructor({ client, clock, log }: AgentDependencies, { identity, devices }: AgentOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
    this.#identity = identity;
    this.#services = devices.map(
      (device) => new DeviceService(device, { adapter: createAdapter(device.adapter, { clock }), clock, log }),
    );
    this.#phaseLog = new PhaseLog({ log, clock, machine: () => client.machine });
    this.#startedAt = this.#now();
    this.#phaseSince = this.#startedAt;
  }

  /** Provides every device; one that the hub refuses is logged and does not keep the others from being served. */
  async start(): Promise<void> {
    this.#watching = this.#watch();
    const { hub, fingerprint } = this.#identity;
    this.#log.info({ hub, fingerprint, devices: this.#services.length }, `connecting to ${hub}`);
    if (this.#services.length === 0) this.#log.warn('no devices are configured: there is nothing to serve');
    await Promise.all(this.#services.map((service) => this.#provide(service)));
  }

  get status(): RunningStatus {
    return {
      running: true,
      agent: AGENT,
      pid: process.pid,
      startedAt: this.#startedAt,
      phase: this.#client.phase,
      phaseSince: this.#phaseSince,
      machine: this.#machineStatus(),
      ...this.#identity,
      devices: this.#services.map((service) => service.status),
      lastError: this.#lastError ?? null,
    };
  }

  /** What the hub said last; it tells of a revocation by ending the connection. */
  #machineStatus(): RunningStatus['machine'] {
    const { machine, lastError } = this.#client;
    if (machine === undefined) return null;
    const { hostname = null, roles } = machine;
    if (lastError?.code === 'revoked') return { status: 'revoked', hostname, roles: [] };
    return { status: machine.status, hostname, roles };
  }

  /** Takes the devices back, lets running jobs finish, then disconnects. */
  async close(): Promise<void> {
    // Told to the hub, not waited for: a hub that does not answer must not hold up the stop.
    for (const withdraw of this.#withdraw) void withdraw().catch(() => {});
    await this.#client.close(DRAIN_MS);
    await Promise.all(this.#services.map((service) => service.close()));
    await this.#watching;
  }

  async #provide(service: DeviceService): Promise<void> {
    const { name, serviceTypes, concurrency } = service.config;
    try {
      this.#withdraw.push(
        await this.#client.provide({ device: name, serviceTypes, concurrency }, (job) => service.handle(job)),
      );
      this.#log.info({ device: name, serviceTypes, concurrency }, `serving ${name} through ${service.adapter.target}`);
    } catch (error) {
      service.problem = error instanceof Error ? error.message : String(error);
      this.#log.error({ device: name, err: error }, `the device ${name} is not served: ${service.problem}`);
    }
  }

  async #watch(): Promise<void> {
    for await (const event of this.#client.events()) {
      this.#note(event);
      this.#phaseLog.take(event);
    }
  }

  #note(event: ClientEvent): void {
    if (event.kind === 'renewed')
      this.#identity = { ...this.#identity, certificateExpiresAt: new Date(event.expiresAt).toISOString() };
    if (event.kind === 'renewalFailed') this.#failed(event.error);
    if (event.kind !== 'phase') return;
    this.#phaseSince = this.#now();
    if (event.phase === 'backing_off') this.#failed(event.reason ?? new QconnError('closed'));
  }

  #failed({ code, message, action }: QconnError): void {
    this.#lastError = { code, message, action, at: this.#now() };
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}
