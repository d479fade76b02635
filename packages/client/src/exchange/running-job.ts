import {
  BODY_MAX_BYTES,
  decodeHeaders,
  encodeAck,
  encodeExtend,
  encodeHeaders,
  encodeOutcome,
  encodeProgress,
  encodeResponse,
  isQconnError,
  PROVIDER_EXCHANGE,
  QconnError,
  transition,
  type Deliver,
  type ErrorCode,
  type Headers,
  type ProviderAction,
  type ProviderEvent,
  type ProviderState,
} from '@qconn/protocol';
import type { Settled } from './answer-memory.ts';
import type { Answer, Handler, Job } from './job.ts';
import type { RequestPort } from './requests.ts';

const encoder = new TextEncoder();

/** One delivered exchange at its provider (PROVIDER_EXCHANGE). */
export class RunningJob {
  readonly #id: number;
  readonly #deliver: Deliver;
  readonly #port: RequestPort;
  readonly #abort = new AbortController();
  #state: ProviderState = 'received';

  constructor(id: number, deliver: Deliver, port: RequestPort) {
    this.#id = id;
    this.#deliver = deliver;
    this.#port = port;
  }

  /** Acknowledges and runs the handler. Never rejects: whatever the handler does becomes an answer. */
  async run(handler: Handler): Promise<Settled> {
    this.#step('accept');
    const settled = await settle(() => handler(this.#job()));
    this.#finish(settled);
    return settled;
  }

  /** Acknowledges and gives the answer of an earlier run of the same job. */
  async repeat(earlier: Promise<Settled>): Promise<void> {
    this.#step('accept');
    this.#finish(await earlier);
  }

  /** Refuses before anything has run. */
  refuse(code: ErrorCode, reason: string): void {
    this.#step('refuse', { outcome: { code, reason, retryAfterMs: 0 } });
  }

  cancel(code: ErrorCode): void {
    this.#step('cancel', undefined, new QconnError(code));
  }

  /** The connection is gone; the handler runs on, and its answer is kept for a redelivery. */
  lost(): void {
    this.#step('connectionLost');
  }

  #finish(settled: Settled): void {
    if ('response' in settled) this.#step('returned', settled);
    else this.#step(settled.outcome.code === 'handler_failed' ? 'threw' : 'refuse', settled);
  }

  /** @throws QconnError `rejected` for headers that cannot be read: the hub passes them on unread */
  #job(): Job {
    const { from, serviceType, device, body, idempotencyKey, jobMs } = this.#deliver;
    return {
      from,
      serviceType,
      device,
      headers: readHeaders(this.#deliver.headers),
      body,
      idempotencyKey,
      jobMs,
      signal: this.#abort.signal,
      progress: (sign) => this.#step('progress', undefined, undefined, bytesOf(sign)),
      extend: (ms) => this.#step('extend', undefined, undefined, undefined, ms),
    };
  }

  #step(event: ProviderEvent, settled?: Settled, reason?: QconnError, sign?: Uint8Array, extendMs?: number): void {
    const row = transition(PROVIDER_EXCHANGE, this.#state, event);
    if (row === undefined) return;
    this.#state = row.next;
    for (const action of row.actions) this.#act(action, settled, reason, sign, extendMs);
  }

  #act(action: ProviderAction, settled?: Settled, reason?: QconnError, sign?: Uint8Array, extendMs?: number): void {
    const { writer } = this.#port;
    switch (action) {
      case 'sendAck':
        return this.#send(encodeAck(writer, this.#id));
      case 'startHandler':
        return; // Done by `run`, which has the handler.
      case 'sendProgress':
        return this.#send(encodeProgress(writer, this.#id, sign as Uint8Array));
      case 'sendExtend':
        return this.#send(encodeExtend(writer, this.#id, extendMs as number));
      case 'sendResponse':
      case 'sendFailure':
      case 'sendRefusal':
        return this.#send(this.#answer(settled as Settled));
      case 'abortHandler':
        return this.#abort.abort(reason);
    }
  }

  #answer(settled: Settled): Uint8Array {
    return 'response' in settled
      ? encodeResponse(this.#port.writer, this.#id, settled.response)
      : encodeOutcome(this.#port.writer, this.#id, settled.outcome);
  }

  #send(frame: Uint8Array): void {
    this.#port.send(this.#id, frame);
  }
}

async function settle(run: () => ReturnType<Handler>): Promise<Settled> {
  try {
    return { response: pack(await run()) };
  } catch (error) {
    return { outcome: failure(error) };
  }
}

function readHeaders(block: Uint8Array): Headers {
  try {
    return decodeHeaders(block);
  } catch (cause) {
    throw new QconnError('rejected', 'The headers of the request are malformed.', { cause });
  }
}

/** Turns what a handler returned into a response. @throws QconnError for garbage and for too much */
function pack(answer: Answer): { headers: Uint8Array; body: Uint8Array } {
  if (answer === undefined) return { headers: encodeHeaders({}), body: new Uint8Array(0) };
  if (typeof answer === 'string' || answer instanceof Uint8Array)
    return { headers: encodeHeaders({}), body: bytesOf(answer) };
  if (typeof answer !== 'object' || answer === null) throw garbage(answer);
  return { headers: encodeHeaders(answer.headers ?? {}), body: bytesOf(answer.body ?? new Uint8Array(0)) };
}

function bytesOf(content: Uint8Array | string): Uint8Array {
  if (typeof content === 'string') return checkSize(encoder.encode(content));
  if (content instanceof Uint8Array) return checkSize(content);
  throw garbage(content);
}

/** The types forbid it, but handlers are written in JavaScript too. */
function garbage(answer: unknown): QconnError {
  return new QconnError(
    'handler_failed',
    `The handler returned ${answer === null ? 'null' : typeof answer}, which is neither bytes nor text.`,
  );
}

function checkSize(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= BODY_MAX_BYTES) return bytes;
  throw new QconnError('handler_failed', `The handler gave ${bytes.length} bytes; the limit is ${BODY_MAX_BYTES}.`);
}

function failure(error: unknown): { code: ErrorCode; reason: string; retryAfterMs: number } {
  if (isQconnError(error, 'rejected') || isQconnError(error, 'busy')) {
    return { code: error.code, reason: error.message, retryAfterMs: error.retryAfterMs ?? 0 };
  }
  return { code: 'handler_failed', reason: reasonOf(error), retryAfterMs: 0 };
}

/** Anything can be thrown, also what has no text. */
function reasonOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'The handler threw something that has no text.';
  }
}
