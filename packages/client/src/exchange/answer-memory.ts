import { IDEMPOTENCY_TTL_MS, type Outcome, type Response } from '@qconn/protocol';
import type { BodySource } from '../body/content.ts';

/** How a job ended, in the form in which it is sent. A source is a streamed answer's body, and can be sent once. */
export type Settled = { readonly response: Response; readonly source?: BodySource } | { readonly outcome: Outcome };

/** What is remembered of how a job ended: that there was a streamed answer, but not its body, which may be any length. */
export function withoutStream(settled: Settled): Settled {
  if (!('source' in settled)) return settled;
  return { outcome: { code: 'answer_gone', reason: '', retryAfterMs: 0 } };
}

interface Entry {
  readonly settled: Promise<Settled>;
  readonly expiresAt: number;
}

/** Most answers kept; the oldest goes first. With bodies at their limit this is 64 MiB. */
const ENTRIES_MAX = 1_024;

/**
 * Jobs by key, running and finished, so that one that comes again is not run again: a retry with
 * the same idempotency key, or an exchange that the hub forwards anew after a reconnect. Lives in
 * memory; times are monotonic milliseconds, passed in.
 */
export class AnswerMemory {
  readonly #entries = new Map<string, Entry>();

  /** The job that runs or ran under this key. */
  find(key: string, now: number): Promise<Settled> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt > now) return entry.settled;
    this.#entries.delete(key);
    return undefined;
  }

  /** Remembers a job that starts. */
  put(key: string, settled: Promise<Settled>, now: number, ttlMs: number = IDEMPOTENCY_TTL_MS): void {
    this.#entries.delete(key);
    this.#entries.set(key, { settled, expiresAt: now + ttlMs });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= ENTRIES_MAX) break;
      this.#entries.delete(oldest);
    }
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }
}
