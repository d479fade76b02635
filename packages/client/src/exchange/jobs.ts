import type { Clock } from '@qconn/clock';
import {
  ByteCopies,
  decodeCancel,
  decodeDeliver,
  IDEMPOTENCY_TTL_MS,
  IdMap,
  QconnError,
  type Deliver,
  type Device,
  type Frame,
} from '@qconn/protocol';
import type { JobJournal, RememberedJob } from '../journal/job-journal.ts';
import { AnswerMemory } from './answer-memory.ts';
import type { Provision } from './job.ts';
import { OverdueJobs, type OverdueReport } from './overdue-jobs.ts';
import { RecentAnswers } from './recent-answers.ts';
import type { RequestPort } from './request-port.ts';
import { RunningJob, type JobRecord } from './running-job.ts';
import { copied, ranNothing, withoutStream, type Settled } from './settled.ts';

/** Where jobs under an idempotency key are remembered over restarts, and those that are. */
export interface JobHistory {
  readonly journal: JobJournal;
  readonly remembered: readonly RememberedJob[];
}

/** Most jobs that run at once in this program, so that handlers that never return are noticed before the memory they take. */
const RUNNING_MAX = 16_384;

/** A device with the number of its jobs whose handlers have not returned. */
interface Provided {
  readonly provision: Provision;
  running: number;
}

/** The devices of this program and the jobs that run on them. Outlives connections. */
export class Jobs {
  readonly #clock: Clock;
  /** This run of the program: what it remembers no other run does. */
  readonly instance: string = crypto.randomUUID();
  readonly #provided = new Map<string, Provided>();
  /** By the connection that they came over, for ids are a hub's own, and then by the hub's id. */
  readonly #exchanges = new Map<RequestPort, IdMap<RunningJob>>();
  /** Jobs whose connection is gone and whose handlers run on. */
  readonly #detached = new Set<RunningJob>();
  readonly #byKey = new AnswerMemory();
  /** What runs under an idempotency key: never forgotten. */
  readonly #runs = new Map<string, RunningJob>();
  readonly #recent = new RecentAnswers();
  readonly #copies = new ByteCopies();
  readonly #journal: JobJournal | undefined;
  readonly #overdue: OverdueJobs;
  #size = 0;

  /** @param dependencies.overdue told of handlers that do not stop when they are to */
  constructor(dependencies: {
    clock: Clock;
    overdue: (report: OverdueReport) => void;
    history?: JobHistory | undefined;
  }) {
    this.#clock = dependencies.clock;
    this.#overdue = new OverdueJobs(dependencies.clock, dependencies.overdue);
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
    return [...this.#provided.values()].map(({ provision: { device, serviceTypes } }) => ({ device, serviceTypes }));
  }

  /** Jobs whose handlers have not returned. */
  get size(): number {
    return this.#size;
  }

  /** @throws QconnError `invalid_state` when the device is provided already */
  add(provision: Provision): void {
    if (this.#provided.has(provision.device))
      throw new QconnError('invalid_state', `This program provides the device ${provision.device} already.`);
    this.#provided.set(provision.device, { provision, running: 0 });
  }

  /** Takes a device back, unless somebody else provides it by now. @returns whether it was still provided */
  remove(provision: Provision): boolean {
    if (this.#provided.get(provision.device)?.provision !== provision) return false;
    return this.#provided.delete(provision.device);
  }

  /** Takes a Deliver frame. @param epoch of the hub: its exchange ids are unique within it */
  deliver(frame: Frame, epoch: string, port: RequestPort): void {
    const deliver = decodeDeliver(frame);
    const job = new RunningJob(frame.id, epoch, deliver, port);
    const provided = this.#provided.get(deliver.device);
    if (provided === undefined)
      return job.refuse('not_found', `The machine no longer provides the device ${deliver.device}.`);
    if (!provided.provision.serviceTypes.includes(deliver.serviceType))
      return job.refuse('not_found', `The device ${deliver.device} does not provide ${deliver.serviceType}.`);
    if (deliver.inquiry) return this.#inquire(job, deliver);
    if (deliver.redelivered && this.#resume(job, port)) return;
    const run = this.#runOf(job, deliver);
    if (run !== undefined) return this.#follow(job, run);
    const settled = this.#endOf(job, deliver);
    if (settled !== undefined) return job.repeat(settled);
    const full = this.#fullness(provided);
    if (full !== undefined) return job.refuse('busy', full);
    this.#begin(job, provided, deliver);
  }

  /** Takes a Cancel frame. */
  cancel(frame: Frame, port: RequestPort): void {
    const code = decodeCancel(frame);
    const job = this.#exchanges.get(port)?.get(frame.id);
    job?.cancel(code);
    const stopping = job?.stopping;
    if (stopping !== undefined) this.#overdue.told(stopping, stopping.device);
    if (job?.follows === true) this.#over(job);
    port.bodies.withdraw({ kind: 'response', id: frame.id });
  }

  /** A connection is gone: handlers run on, their answers wait for a redelivery. Other connections are not touched. */
  lost(port: RequestPort): void {
    for (const job of this.#exchanges.get(port)?.values() ?? []) {
      job.lost();
      if (!job.follows) this.#detached.add(job);
    }
    this.#exchanges.delete(port);
  }

  /** The program is done with its client. Handlers that run on are its own business. */
  close(): void {
    this.#overdue.close();
  }

  #jobsOf(port: RequestPort): IdMap<RunningJob> {
    const known = this.#exchanges.get(port);
    if (known !== undefined) return known;
    const jobs = new IdMap<RunningJob>();
    this.#exchanges.set(port, jobs);
    return jobs;
  }

  /** Goes on over another connection with a run that has not ended. @returns whether there is one */
  #resume({ epoch, id }: RunningJob, port: RequestPort): boolean {
    const run = this.#running(epoch, id);
    const before = run && this.#exchanges.get(run.port);
    if (run?.resume(port) !== true) return false;
    if (before?.get(id) === run) before.delete(id);
    this.#detached.delete(run);
    this.#jobsOf(port).set(id, run);
    return true;
  }

  /** The run that a job which comes again belongs to: of the same exchange, forwarded anew, or under its idempotency key. */
  #runOf({ epoch, id }: RunningJob, deliver: Deliver): RunningJob | undefined {
    const jobKey = jobKeyOf(deliver);
    const same = deliver.redelivered ? this.#running(epoch, id) : undefined;
    return same ?? (jobKey === undefined ? undefined : this.#runs.get(jobKey));
  }

  /** How a job has ended that comes again. */
  #endOf({ epoch, id }: RunningJob, deliver: Deliver): Settled | undefined {
    const jobKey = jobKeyOf(deliver);
    if (jobKey === undefined && !deliver.redelivered) return undefined;
    const now = this.#clock.monotonic();
    const same = deliver.redelivered ? this.#recent.find(epoch, id, now) : undefined;
    return same ?? (jobKey === undefined ? undefined : this.#byKey.find(jobKey, now));
  }

  #follow(job: RunningJob, run: RunningJob): void {
    this.#jobsOf(job.port).set(job.id, job);
    job.follow(run);
    if (run.stopping === undefined) this.#overdue.over(run, run.device);
  }

  /** The exchange's job that runs, whichever connection it came over. */
  #running(epoch: string, id: number): RunningJob | undefined {
    const attached = [...this.#exchanges.values()].flatMap((jobs) => jobs.get(id) ?? []);
    return [...attached, ...this.#detached].find((job) => job.id === id && job.epoch === epoch && job.hasRun);
  }

  /** Why one job more cannot begin. */
  #fullness({ provision, running }: Provided): string | undefined {
    if (running >= provision.concurrency) return `${provision.device} runs as many jobs as it may: ${running}.`;
    return this.#size >= RUNNING_MAX ? 'The program runs as many jobs as it can keep apart.' : undefined;
  }

  #begin(job: RunningJob, provided: Provided, deliver: Deliver): void {
    const jobKey = jobKeyOf(deliver);
    provided.running += 1;
    this.#size += 1;
    this.#jobsOf(job.port).set(job.id, job);
    if (jobKey !== undefined) this.#runs.set(jobKey, job);
    const settled = job.run(provided.provision.handler, this.#recordOf(jobKey));
    const ended = (how: Settled): void => {
      provided.running -= 1;
      this.#size -= 1;
      this.#overdue.over(job, job.device);
      const kept = withoutStream(how);
      this.#recent.add(job.epoch, job.id, kept, this.#clock.monotonic());
      if (jobKey !== undefined) this.#remember(jobKey, kept);
      this.#over(job);
      for (const follower of job.release(kept)) this.#over(follower);
    };
    if (settled instanceof Promise) void settled.then(ended);
    else ended(settled);
  }

  #over(job: RunningJob): void {
    const jobs = this.#exchanges.get(job.port);
    if (jobs?.get(job.id) === job) jobs.delete(job.id);
    this.#detached.delete(job);
  }

  #remember(jobKey: string, settled: Settled): void {
    this.#runs.delete(jobKey);
    if (ranNothing(settled)) this.#byKey.forget(jobKey);
    else this.#byKey.end(jobKey, copied(settled, this.#copies), this.#clock.monotonic(), IDEMPOTENCY_TTL_MS);
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
  #inquire(job: RunningJob, deliver: Deliver): void {
    const jobKey = jobKeyOf(deliver) ?? '';
    if (this.#runs.has(jobKey)) return job.tell('running');
    const settled = this.#byKey.find(jobKey, this.#clock.monotonic());
    return settled === undefined ? job.tell('absent') : job.repeat(settled);
  }
}

/** A key belongs to its sender and to the device: others may use the same words. */
function jobKeyOf({ from, device, idempotencyKey }: Deliver): string | undefined {
  return idempotencyKey === undefined ? undefined : `${from.fingerprint}/${device}/${idempotencyKey}`;
}
