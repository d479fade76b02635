import type { Answer, Job } from '@qconn/client';
import type { Clock } from '@qconn/clock';
import { isQconnError } from '@qconn/protocol';
import type { Logger } from '@qconn/startup';
import type { Adapter } from '../adapters/adapter.ts';
import type { DeviceConfig } from '../config/agent-config.ts';
import type { DeviceStatus } from '../control/agent-status.ts';

/** What a device's service works with. */
export interface DeviceServiceDependencies {
  readonly adapter: Adapter;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One device: hands its jobs to the adapter, counts them, and logs each one's end. */
export class DeviceService {
  readonly config: DeviceConfig;
  readonly adapter: Adapter;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  readonly #whenIdle: (() => void)[] = [];
  #running = 0;
  #done = 0;
  #failed = 0;
  /** Why the hub does not take the device; `undefined` while it does. */
  problem: string | undefined;
  /** Whether the policy let this machine provide it when the hub was last told. */
  permitted: boolean | undefined;

  constructor(config: DeviceConfig, { adapter, clock, log }: DeviceServiceDependencies) {
    this.config = config;
    this.adapter = adapter;
    this.#clock = clock;
    // Not a child: that would keep the level of now when the configuration changes it.
    this.#log = log;
  }

  get status(): DeviceStatus {
    const { name, serviceTypes, concurrency } = this.config;
    const jobs = { running: this.#running, done: this.#done, failed: this.#failed };
    const { problem = null, permitted = null } = this;
    return { name, serviceTypes, target: this.adapter.target, concurrency, jobs, permitted, problem };
  }

  /** Runs a job. @throws QconnError what the adapter threw */
  async handle(job: Job): Promise<Answer> {
    const facts = {
      device: this.config.name,
      from: job.from.hostname ?? job.from.fingerprint,
      serviceType: job.serviceType,
      bytes: job.stream.length,
    };
    const begun = this.#clock.monotonic();
    const took = (): object => ({ ...facts, ms: Math.round(this.#clock.monotonic() - begun) });
    this.#running++;
    try {
      const signal = AbortSignal.any([job.signal, this.#closing.signal]);
      // Made from the job, not copied: its body is there only when somebody asks for it.
      const answer = await this.adapter.handle(Object.create(job, { signal: { value: signal } }) as Job);
      this.#done++;
      this.#log.info(took(), 'job done');
      return answer;
    } catch (error) {
      this.#failed++;
      if (isQconnError(error, 'cancelled')) this.#log.info({ ...took(), err: error }, 'job cancelled');
      else this.#log.warn({ ...took(), err: error }, isQconnError(error, 'rejected') ? 'job refused' : 'job failed');
      throw error;
    } finally {
      this.#running--;
      if (this.#running === 0) for (const tell of this.#whenIdle.splice(0)) tell();
    }
  }

  /** Resolves when no job runs. */
  async idle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** Cancels the jobs that still run, so that none of their sockets and programs outlives the agent. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.adapter.close?.();
  }
}
