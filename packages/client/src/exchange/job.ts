import type { Headers } from '@qconn/protocol';
import type { BodyStream } from '../body/body-stream.ts';
import type { Content } from '../body/content.ts';

/** A request as its handler sees it. */
export interface Job {
  /** Who sent it, as the hub says; never the sender's own word. */
  readonly from: { readonly fingerprint: string; readonly hostname: string | undefined };
  readonly serviceType: string;
  readonly device: string;
  readonly headers: Headers;
  /** The request's body. Reading it throws `invalid_state` when the body is streamed. */
  readonly body: Uint8Array;
  /** Whether the body is over 64 KiB or was sent as a stream: then only {@link Job.stream} has it. */
  readonly streamed: boolean;
  /** The body as it comes, streamed or not. A streamed one moves only while it is read; each piece restarts the job deadline. */
  readonly stream: BodyStream;
  readonly idempotencyKey: string | undefined;
  /** Time that the sender gives from the acknowledgement to the result, in milliseconds. */
  readonly jobMs: number;
  /**
   * Fires when the sender cancels, a deadline passes, or the sender is revoked. Until the handler has returned, the job keeps its place
   * among those that the device may run at once: a handler that does not stop is reported by the event `overdue`.
   */
  readonly signal: AbortSignal;
  /**
   * Tells the sender how far the job is, in at most 64 KiB.
   * @param sign bytes or text, sent as they are, or anything else, sent as JSON
   */
  progress(sign: unknown): void;
  /**
   * Asks the hub for `ms` more from now on, 1 … 86,400,000.
   * @throws QconnError `quota` while the connection takes nothing and 32 MiB wait for it, as a request would; what was asked for
   *   before stands
   */
  extend(ms: number): void;
}

/** What a handler may return: nothing, a body, or a body with headers. A body over 64 KiB, or given as a stream, is streamed. */
export type Answer = undefined | Content | { readonly body?: Content; readonly headers?: Headers };

/**
 * Does the work. A QconnError `rejected` or `busy` that it throws is reported as such; any other
 * error as `handler_failed` with its message.
 */
export type Handler = (job: Job) => Answer | Promise<Answer>;

/** A device that this program provides. */
export interface Provision {
  readonly device: string;
  readonly serviceTypes: readonly string[];
  /** Jobs that may run at once, 1 …; one more is refused with `busy`. Default 64. */
  readonly concurrency: number;
  readonly handler: Handler;
}

/** Default of {@link Provision.concurrency}: enough for I/O, and few enough that a handler that hangs is noticed. */
export const JOB_CONCURRENCY = 64;

/** Most jobs that a device may run at once: about ten times as many as one sender may have in flight. */
export const JOB_CONCURRENCY_MAX = 10_000;
