import type { Clock } from '@qconn/clock';
import type { Answer, Job } from '@qconn/client';

/**
 * Does a device's work. It throws a QconnError
 * - `rejected` when nothing has been done: the sender may simply send the job again;
 * - `handler_failed` when part of the job may have been done;
 * - `cancelled` when `job.signal` fired first: by then it has stopped whatever it had started.
 */
export interface Adapter {
  /** What it reaches, for people: `tcp 10.0.0.9:9100`. */
  readonly target: string;
  handle(job: Job): Promise<Answer>;
  /** Ends what is still running. */
  close?(): Promise<void>;
}

/** What an adapter works with. */
export interface AdapterDependencies {
  readonly clock: Clock;
}
