import { IDEMPOTENCY_TTL_MS } from '@qconn/protocol';
import type { Settled } from './settled.ts';

interface Ended {
  readonly settled: Settled;
  readonly expiresAt: number;
  readonly bytes: number;
}

/** Most jobs that are remembered once they have ended; the oldest goes first. */
export const ANSWERS_MAX = 16_384;
/** Most bytes of their answers. */
export const ANSWERS_MAX_BYTES: number = 64 * 1024 * 1024;

/**
 * How jobs ended, by idempotency key, so that a retry is not run again. Lives in memory; times are monotonic milliseconds,
 * passed in.
 */
export class AnswerMemory {
  /** In the order in which they ended. */
  readonly #ended = new Map<string, Ended>();
  /** Stands before the oldest: looking for it from the start would pass over every place that was given up. */
  #oldest = this.#ended.keys();
  #bytes = 0;

  /** How the job under this key ended. */
  find(key: string, now: number): Settled | undefined {
    const ended = this.#ended.get(key);
    if (ended === undefined) return undefined;
    if (ended.expiresAt > now) return ended.settled;
    this.forget(key);
    return undefined;
  }

  /** Remembers how a job ended, for `ttlMs` from now on. */
  end(key: string, settled: Settled, now: number, ttlMs: number = IDEMPOTENCY_TTL_MS): void {
    this.forget(key);
    this.#ended.set(key, { settled, expiresAt: now + ttlMs, bytes: bytesOf(settled) });
    this.#bytes += bytesOf(settled);
    while (this.#ended.size > ANSWERS_MAX || this.#bytes > ANSWERS_MAX_BYTES) this.#forgetOldest();
  }

  forget(key: string): void {
    this.#bytes -= this.#ended.get(key)?.bytes ?? 0;
    this.#ended.delete(key);
  }

  #forgetOldest(): void {
    const { done, value } = this.#oldest.next();
    if (done === true) this.#oldest = this.#ended.keys();
    else this.forget(value);
  }
}

function bytesOf(settled: Settled): number {
  return 'response' in settled ? settled.response.headers.length + settled.response.body.length : 0;
}
