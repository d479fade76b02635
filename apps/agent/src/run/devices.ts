import type { Client } from '@qconn/client';
import type { Clock } from '@qconn/clock';
import type { Logger } from '@qconn/startup';
import { createAdapter } from '../adapters/create-adapter.ts';
import type { DeviceConfig } from '../config/agent-config.ts';
import type { DeviceStatus } from '../control/agent-status.ts';
import { DeviceService } from './device-service.ts';
import { difference } from './difference.ts';

/** What the devices are served with. */
export interface DevicesDependencies {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a new configuration changed, by the devices' names. */
export interface DeviceChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

interface Served {
  readonly service: DeviceService;
  /** Takes the device back from the hub; `undefined` while it is not provided. */
  withdraw: (() => Promise<void>) | undefined;
}

/** The devices that the agent serves now. */
export class Devices {
  readonly #dependencies: DevicesDependencies;
  /** Taken back, with jobs that still run. */
  readonly #retiring = new Map<DeviceService, Promise<void>>();
  #served: Served[] = [];
  #drained = false;

  constructor(dependencies: DevicesDependencies) {
    this.#dependencies = dependencies;
  }

  get status(): DeviceStatus[] {
    return this.#served.map(({ service }) => service.status);
  }

  get size(): number {
    return this.#served.length;
  }

  /** Whether the devices were taken back until {@link Devices.resume}. */
  get drained(): boolean {
    return this.#drained;
  }

  /**
   * Serves these devices from now on. Those that stay as they were are not touched; of those that go or change, jobs that
   * run may finish. One that the hub refuses is logged and does not keep the others from being served.
   */
  async apply(configs: readonly DeviceConfig[]): Promise<DeviceChanges> {
    const { kept, leaving, coming } = difference(this.#served, configs, ({ service }) => service.config);
    const added = coming.map((config) => this.#make(config));
    this.#served = [...kept, ...added];
    await Promise.all(leaving.map((served) => this.#retire(served)));
    if (!this.#drained) await Promise.all(added.map((served) => this.#provide(served)));
    return namedChanges(leaving, added);
  }

  /** The hub has said whether the policy lets this machine provide a device. */
  permitted(device: string, permitted: boolean): void {
    const served = this.#served.find(({ service }) => service.config.name === device);
    if (served !== undefined) served.service.permitted = permitted;
  }

  /** Takes every device back and waits for the jobs that run. The agent stays connected. */
  async drain(): Promise<void> {
    this.#drained = true;
    await Promise.all(
      this.#served.map(async (served) => {
        await this.#withdraw(served);
        await served.service.idle();
      }),
    );
  }

  /** Provides the devices again. */
  async resume(): Promise<void> {
    if (!this.#drained) return;
    this.#drained = false;
    await Promise.all(this.#served.map((served) => this.#provide(served)));
  }

  /** Takes every device back. Told to the hub, not waited for: a hub that does not answer must not hold up a stop. */
  withdraw(): void {
    for (const served of this.#served) void this.#withdraw(served);
  }

  /** Ends every job that still runs. */
  async close(): Promise<void> {
    const services = [...this.#served.map(({ service }) => service), ...this.#retiring.keys()];
    await Promise.all(services.map((service) => service.close()));
    await Promise.all(this.#retiring.values());
  }

  #make(config: DeviceConfig): Served {
    const { clock, log } = this.#dependencies;
    const adapter = createAdapter(config.adapter, { clock });
    return { service: new DeviceService(config, { adapter, clock, log }), withdraw: undefined };
  }

  async #provide(served: Served): Promise<void> {
    const { client, log } = this.#dependencies;
    const { service } = served;
    const { name, serviceTypes, concurrency } = service.config;
    try {
      served.withdraw = await client.provide({ device: name, serviceTypes, concurrency }, (job) => service.handle(job));
      service.problem = undefined;
      log.info({ device: name, serviceTypes, concurrency }, `serving ${name} through ${service.adapter.target}`);
    } catch (error) {
      service.problem = error instanceof Error ? error.message : String(error);
      log.error({ device: name, err: error }, `the device ${name} is not served: ${service.problem}`);
    }
  }

  /** A hub that cannot be told takes the device back with the connection. */
  async #withdraw(served: Served): Promise<void> {
    const { withdraw } = served;
    served.withdraw = undefined;
    await withdraw?.().catch(() => {});
  }

  /** Takes a device back; its adapter is closed when the last of its jobs has ended. */
  async #retire(served: Served): Promise<void> {
    await this.#withdraw(served);
    const { service } = served;
    const ended = service.idle().then(() => service.close());
    this.#retiring.set(
      service,
      ended.finally(() => this.#retiring.delete(service)),
    );
  }
}

function namedChanges(leaving: readonly Served[], coming: readonly Served[]): DeviceChanges {
  const names = (served: readonly Served[]): string[] => served.map(({ service }) => service.config.name);
  const gone = names(leaving);
  const come = names(coming);
  return {
    added: come.filter((name) => !gone.includes(name)),
    changed: come.filter((name) => gone.includes(name)),
    removed: gone.filter((name) => !come.includes(name)),
  };
}
