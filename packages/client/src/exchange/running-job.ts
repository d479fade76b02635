import {
  decodeHeaders,
  encodeAck,
  encodeExtend,
  encodeHeaders,
  encodeOutcome,
  encodeProgress,
  encodeResponse,
  PROVIDER_EXCHANGE,
  QconnError,
  transition,
  type Deliver,
  type ErrorCode,
  type Headers,
  type PackedWriter,
  type Progress,
  type ProviderAction,
  type ProviderEvent,
  type ProviderState,
} from '@qconn/protocol';
import type { IncomingStream } from '../body/bodies.ts';
import { Received } from '../body/received.ts';
import { DeliveredJob } from './delivered-job.ts';
import type { Handler, Job } from './job.ts';
import { packProgress } from './pack-progress.ts';
import { noRoom } from './request-failure.ts';
import { STAGED_BYTES_MAX, type RequestPort } from './request-port.ts';
import { failedBy, ranNothing, reasonOf, settledBy, withoutStream, type Settled } from './settled.ts';

/** Header of the answer to an inquiry after a job that has not ended; how a job ended is told as the job told it. */
export const JOB_STATE_HEADER = 'qconn-job';

/** What is written down of one job. */
export interface JobRecord {
  began(): Promise<void>;
  ended(settled: Settled): Promise<void>;
}

/** What an event brings along for what it leads to. */
type Told = Settled | { readonly sign: Progress } | { readonly extendMs: number } | { readonly reason: QconnError };

const NOBODY: readonly RunningJob[] = [];

const NOT_BEGUN: Settled = {
  outcome: { code: 'rejected', reason: 'The job was cancelled before it began.', retryAfterMs: 0 },
};

/**
 * One delivered exchange at its provider (PROVIDER_EXCHANGE). The first of a job runs it; those that come under its idempotency key while
 * it runs follow that run: they hear what it says, and it is told to stop only when nobody waits for it any more.
 */
export class RunningJob {
  readonly id: number;
  /** The run of the hub to which the id belongs. */
  readonly epoch: string;
  readonly #deliver: Deliver;
  #port: RequestPort;
  #state: ProviderState = 'received';
  #owesAck = false;
  #incoming: IncomingStream | undefined;
  #abort: AbortController | undefined;
  /** Whether its handler has been called. */
  #begun = false;
  /** Why the run is to stop. */
  #stopped: QconnError | undefined;
  #settled: Settled | Promise<Settled> | undefined;
  /** The run that it follows. */
  #run: RunningJob | undefined;
  #followers: readonly RunningJob[] = NOBODY;
  /** The time that its handler has last asked for. */
  #extendMs: number | undefined;

  constructor(id: number, epoch: string, deliver: Deliver, port: RequestPort) {
    this.id = id;
    this.epoch = epoch;
    this.#deliver = deliver;
    this.#port = port;
  }

  /** The connection over which it was delivered last. */
  get port(): RequestPort {
    return this.#port;
  }

  /** Whether the handler was called for this delivery. */
  get hasRun(): boolean {
    return this.#settled !== undefined;
  }

  get device(): string {
    return this.#deliver.device;
  }

  /** The run that it is or follows, once that has been told to stop; its handler may have returned. */
  get stopping(): RunningJob | undefined {
    const run = this.#run ?? this;
    return run.#stopped === undefined ? undefined : run;
  }

  /** Whether it waits for what another exchange runs. */
  get follows(): boolean {
    return this.#run !== undefined;
  }

  /**
   * Acknowledges and runs the handler. Never throws nor rejects: whatever the handler does becomes an answer.
   * @param record what is to be written down before the handler runs, and before anybody is told how it ended
   * @returns how it ended, at once if the handler has returned no promise
   */
  run(handler: Handler, record?: JobRecord): Settled | Promise<Settled> {
    this.#step('accept');
    const settled = record === undefined ? this.#runNow(handler) : this.#runOnRecord(handler, record);
    this.#settled = settled instanceof Promise ? settled.then((ended) => this.#finish(ended)) : this.#finish(settled);
    return this.#settled;
  }

  #runNow(handler: Handler): Settled | Promise<Settled> {
    this.#begun = true;
    try {
      const answer = handler(this.#job());
      return isPromise(answer) ? Promise.resolve(answer).then(settledBy, failedBy) : settledBy(answer);
    } catch (error) {
      return failedBy(error);
    }
  }

  async #runOnRecord(handler: Handler, record: JobRecord): Promise<Settled> {
    try {
      await record.began();
    } catch (error) {
      return { outcome: { code: 'journal_unusable', reason: reasonOf(error), retryAfterMs: 0 } };
    }
    const settled = this.#stopped === undefined ? await this.#runNow(handler) : NOT_BEGUN;
    // Where it cannot be written down, a later run of the program says `result_unknown`, which is true of what it knows.
    await record.ended(withoutStream(settled)).catch(() => {});
    return settled;
  }

  /**
   * The hub forwards the exchange again: the run goes on over that connection, as if it had come over it.
   * @returns false when there is no run to go on with: it has ended, or was told to stop
   */
  resume(port: RequestPort): boolean {
    if (transition(PROVIDER_EXCHANGE, this.#state, 'redelivered') === undefined) return false;
    this.#port = port;
    this.#incoming?.moveTo(port.bodies);
    this.#step('redelivered');
    return true;
  }

  /** Answers an inquiry after another job. @param state the answer when it has not ended: `running` or `absent` */
  tell(state: 'running' | 'absent'): void {
    this.#step('accept');
    const headers = encodeHeaders({ [JOB_STATE_HEADER]: state });
    this.#finish({ response: { headers, body: new Uint8Array(0) } });
  }

  /** Acknowledges and gives the answer of an earlier run of the same job. */
  repeat(settled: Settled): void {
    this.#step('accept');
    this.#finish(settled);
  }

  /** Acknowledges, and waits for what another exchange of the same job runs: its progress, its more time, its answer. */
  follow(run: RunningJob): void {
    this.#run = run;
    this.#step('accept');
    // One that comes again, over another connection, takes its own place.
    const others = run.#followers.filter(({ id, epoch }) => id !== this.id || epoch !== this.epoch);
    run.#followers = [...others, this];
    // What was cancelled while it was being written down has somebody again who waits for it.
    if (!run.#begun) run.#stopped = undefined;
    if (run.#extendMs !== undefined) this.#step('extend', { extendMs: run.#extendMs });
  }

  /** The run has ended: those who follow it get what is kept of that. @returns who they were */
  release(settled: Settled): readonly RunningJob[] {
    const followers = this.#followers;
    this.#followers = NOBODY;
    for (const follower of followers) follower.#finish(settled);
    return followers;
  }

  /** Says that the job is accepted, unless its answer has said so. */
  acknowledge(): void {
    if (!this.#owesAck) return;
    this.#owesAck = false;
    this.#port.send(this.id, encodeAck(this.#port.writer, this.id));
  }

  /** Fires when the job is to stop. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#stopped !== undefined) this.#abort.abort(this.#stopped);
    }
    return this.#abort.signal;
  }

  progress(sign: unknown): void {
    const packed = packProgress(sign);
    for (const waiting of [this, ...this.#followers]) waiting.#step('progress', { sign: packed });
  }

  extend(ms: number): void {
    if (this.#port.bufferedBytes > STAGED_BYTES_MAX)
      throw noRoom(
        `The connection does not take more: ${STAGED_BYTES_MAX} bytes wait for it. The time was not asked for.`,
      );
    this.#extendMs = ms;
    for (const waiting of [this, ...this.#followers]) waiting.#step('extend', { extendMs: ms });
  }

  /** Refuses before anything has run. */
  refuse(code: ErrorCode, reason: string): void {
    this.#step('refuse', { outcome: { code, reason, retryAfterMs: 0 } });
  }

  cancel(code: ErrorCode): void {
    this.#leaveRun();
    this.#step('cancel', { reason: new QconnError(code) });
  }

  /** The connection is gone; the handler runs on, and its answer is kept for a redelivery. */
  lost(): void {
    this.#leaveRun();
    this.#owesAck = false;
    this.#step('connectionLost');
  }

  #leaveRun(): void {
    if (this.#run !== undefined) this.#run.#followers = this.#run.#followers.filter((follower) => follower !== this);
  }

  #finish(settled: Settled): Settled {
    const answering = this.#state === 'running';
    if ('response' in settled) this.#step('returned', settled);
    else this.#step(ranNothing(settled) ? 'refuse' : 'threw', settled);
    const source = 'response' in settled ? settled.source : undefined;
    if (source === undefined || !answering) {
      source?.discard();
      this.#incoming?.stop();
    }
    return settled;
  }

  /** @throws QconnError `rejected` for headers that cannot be read: the hub passes them on unread */
  #job(): Job {
    const { streamed, headers, body } = this.#deliver;
    this.#incoming = streamed && this.#port.bodies.receive({ kind: 'request', id: this.id }, streamed);
    return new DeliveredJob(this.#deliver, readHeaders(headers), new Received(body, this.#incoming), this);
  }

  #step(event: ProviderEvent, told?: Told): void {
    const row = transition(PROVIDER_EXCHANGE, this.#state, event);
    if (row === undefined) return;
    this.#state = row.next;
    for (const action of row.actions) this.#act(action, told);
  }

  #act(action: ProviderAction, told?: Told): void {
    switch (action) {
      case 'sendAck':
        this.#owesAck = true;
        return this.#port.acks.hold(this);
      case 'startHandler':
        return; // Done by `run`, which has the handler.
      case 'sendProgress':
        // Only the latest sign matters, and whoever gives them without end would fill the memory while the connection takes nothing.
        if (this.#port.bufferedBytes > STAGED_BYTES_MAX) return;
        return this.#send(encodeProgress(this.#writer(), this.id, (told as { sign: Progress }).sign));
      case 'sendExtend':
        return this.#send(encodeExtend(this.#writer(), this.id, (told as { extendMs: number }).extendMs));
      case 'sendResponse':
        // An answer implies the acknowledgement.
        this.#owesAck = false;
        return this.#send(this.#answer(told as Settled));
      case 'sendFailure':
      case 'sendRefusal':
        return this.#send(this.#answer(told as Settled));
      case 'abortHandler':
        this.#owesAck = false;
        return (this.#run ?? this).#stopUnlessAwaited((told as { reason: QconnError }).reason);
    }
  }

  /** Somebody waits no more: the run is to stop, unless another does. Who has lost its connection waits for nothing. */
  #stopUnlessAwaited(reason: QconnError): void {
    if (this.#state === 'running' || this.#followers.length > 0) return;
    this.#stopped = reason;
    this.#abort?.abort(reason);
  }

  #answer(settled: Settled): Uint8Array {
    if (!('response' in settled)) return encodeOutcome(this.#writer(), this.id, settled.outcome);
    const { response, source } = settled;
    if (source !== undefined)
      this.#port.bodies.offer({ kind: 'response', id: this.id }, { source, onOver: () => this.#incoming?.stop() });
    return encodeResponse(this.#writer(), this.id, response);
  }

  /** For what comes behind an acknowledgement, which goes first if it is still owed. */
  #writer(): PackedWriter {
    this.acknowledge();
    return this.#port.writer;
  }

  #send(frame: Uint8Array): void {
    this.#port.send(this.id, frame);
  }
}

/** Handlers are written in JavaScript too, and may return any promise. */
function isPromise<T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> {
  return typeof (answer as { readonly then?: unknown } | undefined | null)?.then === 'function';
}

function readHeaders(block: Uint8Array): Headers {
  try {
    return decodeHeaders(block);
  } catch (cause) {
    throw new QconnError('rejected', 'The headers of the request are malformed.', { cause });
  }
}
