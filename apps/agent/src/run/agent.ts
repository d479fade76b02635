import type { Client, ClientEvent } from '@qconn/client';
import type { Clock } from '@qconn/clock';
import { QconnError } from '@qconn/protocol';
import type { Logger } from '@qconn/startup';
import type { AgentConfig, DeviceConfig, OutboxConfig } from '../config/agent-config.ts';
import type { ErrorStatus, IdentityStatus, RunningStatus } from '../control/agent-status.ts';
import { phaseInWords } from '../control/status-text.ts';
import { Outbox } from '../outbox/outbox.ts';
import { AGENT } from '../version.ts';
import { Devices, type DeviceChanges } from './devices.ts';
import { difference } from './difference.ts';
import { PhaseLog } from './phase-log.ts';

/** What an agent works with. It owns the client: closing the agent closes it. */
export interface AgentDependencies {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told in words how the connection is doing. */
  readonly notifier?: { status(text: string): void };
}

/** What an agent is. */
export interface AgentOptions {
  readonly identity: IdentityStatus;
  readonly devices: readonly DeviceConfig[];
  readonly outboxes?: readonly OutboxConfig[];
}

/** Longest wait for jobs that run when the agent stops, in milliseconds: a label is printed by then. */
export const DRAIN_MS = 10_000;

/** A machine's devices, served through their adapters for as long as the agent runs. */
export class Agent {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #notifier: AgentDependencies['notifier'];
  readonly #configured: Required<Pick<AgentOptions, 'devices' | 'outboxes'>>;
  readonly #startedAt: string;
  readonly #phaseLog: PhaseLog;
  /** The devices of this machine. */
  readonly devices: Devices;
  #outboxes: readonly Outbox[] = [];
  #identity: IdentityStatus;
  #phaseSince: string;
  #lastError: ErrorStatus | undefined;
  #watching: Promise<void> = Promise.resolve();

  constructor({ client, clock, log, notifier }: AgentDependencies, { identity, devices, outboxes = [] }: AgentOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
    this.#notifier = notifier;
    this.#identity = identity;
    this.#configured = { devices, outboxes };
    this.devices = new Devices({ client, clock, log });
    this.#phaseLog = new PhaseLog({ log, clock, machine: () => client.machine });
    this.#startedAt = this.#now();
    this.#phaseSince = this.#startedAt;
  }

  /** Provides every device; one that the hub refuses is logged and does not keep the others from being served. */
  async start(): Promise<void> {
    this.#watching = this.#watch();
    const { hub, fingerprint } = this.#identity;
    const { devices, outboxes } = this.#configured;
    this.#log.info({ hub, fingerprint, devices: devices.length }, `connecting to ${hub}`);
    if (devices.length + outboxes.length === 0)
      this.#log.warn('neither devices nor outboxes are configured: there is nothing to do');
    await this.apply(this.#configured);
  }

  /** Puts devices and outboxes into force; those that stay as they were are not touched. */
  async apply({ devices, outboxes }: Pick<AgentConfig, 'devices' | 'outboxes'>): Promise<DeviceChanges> {
    const { kept, leaving, coming } = difference(this.#outboxes, outboxes, ({ config }) => config);
    const added = coming.map((config) => this.#outbox(config));
    this.#outboxes = [...kept, ...added];
    await Promise.all(leaving.map((outbox) => outbox.close()));
    for (const outbox of added) outbox.start();
    return this.devices.apply(devices);
  }

  #outbox(config: OutboxConfig): Outbox {
    return new Outbox(config, { client: this.#client, clock: this.#clock, random: Math.random, log: this.#log });
  }

  get status(): Omit<RunningStatus, 'config'> {
    return {
      running: true,
      agent: AGENT,
      pid: process.pid,
      startedAt: this.#startedAt,
      phase: this.#client.phase,
      phaseSince: this.#phaseSince,
      machine: this.#machineStatus(),
      ...this.#identity,
      drained: this.devices.drained,
      devices: this.devices.status,
      outboxes: this.#outboxes.map((outbox) => outbox.status),
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
    this.devices.withdraw();
    await Promise.all(this.#outboxes.map((outbox) => outbox.close()));
    await this.#client.close(DRAIN_MS);
    await this.devices.close();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    for await (const event of this.#client.events()) {
      this.#note(event);
      this.#phaseLog.take(event);
      if (event.kind === 'phase' || event.kind === 'machine')
        this.#notifier?.status(`The agent ${phaseInWords(this.status)}.`);
    }
  }

  #note(event: ClientEvent): void {
    if (event.kind === 'renewed')
      this.#identity = { ...this.#identity, certificateExpiresAt: new Date(event.expiresAt).toISOString() };
    if (event.kind === 'provided') this.devices.permitted(event.device, event.permitted);
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
