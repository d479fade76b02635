import { IDEMPOTENCY_TTL_MS, type Outcome, type Response } from '@qconn/protocol';

/** How a job ended, in the form in which it is sent. */
export type Settled = { readonly response: Response } | { readonly outcome: Outcome };

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
