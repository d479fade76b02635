import { type Rate, TokenBucket } from './token-bucket.ts';

/** What one machine may send. */
export interface QuotaRates {
  readonly messages: Rate;
  readonly bytes: Rate;
}

/**
 * Rate limits by machine. A machine that reconnects finds the bucket that it left, so a reconnect buys nothing.
 * Times are milliseconds from one monotonic clock.
 */
export class Quotas {
  #rates: QuotaRates;
  readonly #machines = new Map<string, { messages: TokenBucket; bytes: TokenBucket }>();

  constructor(rates: QuotaRates) {
    this.#rates = rates;
  }

  /**
   * Lets one message pass, or says how long to wait. A message that does not pass costs nothing.
   * @returns 0 when it may pass, else milliseconds to wait before the same message may
   */
  admit(fingerprint: string, bytes: number, now: number): number {
    const buckets = this.#machines.get(fingerprint) ?? this.#start(fingerprint);
    const waitMs = Math.max(buckets.messages.waitMs(1, now), buckets.bytes.waitMs(bytes, now));
    if (waitMs > 0) return waitMs;
    buckets.messages.take(1, now);
    buckets.bytes.take(bytes, now);
    return 0;
  }

  /** Puts other rates in force. Everybody begins anew with them: what was taken before is forgiven once. */
  setRates(rates: QuotaRates): void {
    this.#rates = rates;
    this.#machines.clear();
  }

  /** Takes what has passed already, whether or not it might have: later messages wait for it. */
  charge(fingerprint: string, messages: number, bytes: number, now: number): void {
    const buckets = this.#machines.get(fingerprint) ?? this.#start(fingerprint);
    buckets.messages.take(messages, now);
    buckets.bytes.take(bytes, now);
  }

  /**
   * Counts bytes that have passed already, whether or not they might.
   * @returns milliseconds to wait before more may pass
   */
  spend(fingerprint: string, bytes: number, now: number): number {
    const buckets = this.#machines.get(fingerprint) ?? this.#start(fingerprint);
    buckets.bytes.take(bytes, now);
    return buckets.bytes.waitMs(0, now);
  }

  /** Forgets machines that have been quiet long enough to be owed nothing. Call it every minute or so. */
  sweep(now: number): void {
    for (const [fingerprint, { messages, bytes }] of this.#machines) {
      if (messages.isFull(now) && bytes.isFull(now)) this.#machines.delete(fingerprint);
    }
  }

  /** Machines that it remembers. */
  get size(): number {
    return this.#machines.size;
  }

  #start(fingerprint: string): { messages: TokenBucket; bytes: TokenBucket } {
    const buckets = { messages: new TokenBucket(this.#rates.messages), bytes: new TokenBucket(this.#rates.bytes) };
    this.#machines.set(fingerprint, buckets);
    return buckets;
  }
}
