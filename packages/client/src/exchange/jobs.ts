import type { Clock } from '@qconn/clock';
import {
  decodeCancel,
  decodeDeliver,
  IDEMPOTENCY_TTL_MS,
  QconnError,
  type Deliver,
  type Device,
  type Frame,
} from '@qconn/protocol';
import type { JobJournal, RememberedJob } from '../journal/job-journal.ts';
import { AnswerMemory, withoutStream, type Settled } from './answer-memory.ts';
import type { Provision } from './job.ts';
import type { RequestPort } from './requests.ts';
import { ranNothing, RunningJob, type JobRecord } from './running-job.ts';

/** Where jobs under an idempotency key are remembered over restarts, and those that are. */
export interface JobHistory {
  readonly journal: JobJournal;
  readonly remembered: readonly RememberedJob[];
}

/** How long an exchange is remembered against being forwarded again, in milliseconds: the longest usual resolution deadline. */
const REDELIVERY_TTL_MS = 120_000;

/** The devices of this program and the jobs that run on them. Outlives connections. */
export class Jobs {
  readonly #clock: Clock;
  /** This run of the program: what it remembers no other run does. */
  readonly instance: string = crypto.randomUUID();
  readonly #provisions = new Map<string, Provision>();
  readonly #running = new Map<Provision, number>();
  /** By the connection that they came over, for ids are a hub's own, and then by the hub's id. */
  readonly #exchanges = new Map<RequestPort, Map<number, RunningJob>>();
  readonly #byKey = new AnswerMemory();
  /** An answer that was written to a connection just before it broke may never have arrived: it is kept for a while. */
  readonly #byExchange = new AnswerMemory();

  readonly #journal: JobJournal | undefined;

  constructor(dependencies: { clock: Clock; history?: JobHistory | undefined }) {
    this.#clock = dependencies.clock;
    this.#journal = dependencies.history?.journal;
    const now = this.#clock.monotonic();
    for (const { key, settled, ttlMs } of dependencies.history?.remembered ?? [])
      this.#byKey.end(key, settled, now, ttlMs);
  }

  /** Whether jobs under an idempotency key are remembered over restarts of the program. */
  get remembersJobs(): boolean {
    return this.#journal !== undefined;
  }

  /** Devices to register with every new session. */
  get devices(): Device[] {
    return [...this.#provisions.values()].map(({ device, serviceTypes }) => ({ device, serviceTypes }));
  }

  /** Jobs whose handlers have not returned. */
  get size(): number {
    let sum = 0;
    for (const count of this.#running.values()) sum += count;
    return sum;
  }

  /** @throws QconnError `invalid_state` when the device is provided already */
  add(provision: Provision): void {
    if (this.#provisions.has(provision.device))
      throw new QconnError('invalid_state', `This program provides the device ${provision.device} already.`);
    this.#provisions.set(provision.device, provision);
  }

  /** Takes a device back, unless somebody else provides it by now. @returns whether it was still provided */
  remove(provision: Provision): boolean {
    if (this.#provisions.get(provision.device) !== provision) return false;
    return this.#provisions.delete(provision.device);
  }

  /** Takes a Deliver frame. @param epoch of the hub: its exchange ids are unique within it */
  deliver(frame: Frame, epoch: string, port: RequestPort): void {
    const deliver = decodeDeliver(frame);
    const job = new RunningJob(frame.id, deliver, port);
    const provision = this.#provisions.get(deliver.device);
    if (provision === undefined)
      return job.refuse('not_found', `The machine no longer provides the device ${deliver.device}.`);
    if (!provision.serviceTypes.includes(deliver.serviceType))
      return job.refuse('not_found', `The device ${deliver.device} does not provide ${deliver.serviceType}.`);
    if (deliver.inquiry) return void this.#inquire(job, deliver);
    const jobs = this.#exchanges.get(port) ?? new Map<number, RunningJob>();
    this.#exchanges.set(port, jobs.set(frame.id, job));
    void this.#answer(job, provision, deliver, `${epoch}/${frame.id}`).finally(() => {
      if (jobs.get(frame.id) === job) jobs.delete(frame.id);
    });
  }

  /** Takes a Cancel frame. */
  cancel(frame: Frame, port: RequestPort): void {
    const code = decodeCancel(frame);
    this.#exchanges.get(port)?.get(frame.id)?.cancel(code);
    port.bodies.withdraw({ kind: 'response', id: frame.id });
  }

  /** A connection is gone: handlers run on, their answers wait for a redelivery. Other connections are not touched. */
  lost(port: RequestPort): void {
    for (const job of this.#exchanges.get(port)?.values() ?? []) job.lost();
    this.#exchanges.delete(port);
  }

  async #answer(job: RunningJob, provision: Provision, deliver: Deliver, exchangeKey: string): Promise<void> {
    const now = this.#clock.monotonic();
    const jobKey = jobKeyOf(deliver);
    const earlier =
      this.#byExchange.find(exchangeKey, now) ?? (jobKey === undefined ? undefined : this.#byKey.find(jobKey, now));
    if (earlier !== undefined) return job.repeat(earlier);
    const running = this.#running.get(provision) ?? 0;
    if (running >= provision.concurrency)
      return job.refuse('busy', `${provision.device} runs ${running} jobs, which is its limit.`);
    if (!this.#byExchange.hasRoom) return job.refuse('busy', 'The program runs as many jobs as it can keep apart.');
    this.#running.set(provision, running + 1);
    const settled = job
      .run(provision.handler, this.#recordOf(jobKey))
      .finally(() => this.#release(provision))
      .then(withoutStream);
    this.#byExchange.begin(exchangeKey, settled);
    if (jobKey !== undefined) this.#byKey.begin(jobKey, settled);
    this.#remember(exchangeKey, jobKey, await settled);
  }

  #remember(exchangeKey: string, jobKey: string | undefined, settled: Settled): void {
    const now = this.#clock.monotonic();
    this.#byExchange.end(exchangeKey, settled, now, REDELIVERY_TTL_MS);
    if (jobKey === undefined) return;
    if (ranNothing(settled)) this.#byKey.forget(jobKey);
    else this.#byKey.end(jobKey, settled, now, IDEMPOTENCY_TTL_MS);
  }

  #recordOf(jobKey: string | undefined): JobRecord | undefined {
    const journal = this.#journal;
    if (journal === undefined || jobKey === undefined) return undefined;
    return {
      began: () => journal.began(jobKey),
      ended: (settled) => (ranNothing(settled) ? journal.forgot(jobKey) : journal.ended(jobKey, settled)),
    };
  }

  /** Runs nothing: tells what became of the job under the key. */
  async #inquire(job: RunningJob, deliver: Deliver): Promise<void> {
    const jobKey = jobKeyOf(deliver) ?? '';
    if (this.#byKey.isRunning(jobKey)) return job.tell('running');
    const settled = this.#byKey.find(jobKey, this.#clock.monotonic());
    return settled === undefined ? job.tell('absent') : job.repeat(settled);
  }

  #release(provision: Provision): void {
    const left = (this.#running.get(provision) ?? 1) - 1;
    if (left > 0) this.#running.set(provision, left);
    else this.#running.delete(provision);
  }
}

/** A key belongs to its sender and to the device: others may use the same words. */
function jobKeyOf({ from, device, idempotencyKey }: Deliver): string | undefined {
  return idempotencyKey === undefined ? undefined : `${from.fingerprint}/${device}/${idempotencyKey}`;
}
