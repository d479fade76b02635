/** How much may pass, on average and at once. */
export interface Rate {
  readonly perSecond: number;
  /** What may pass at once after a pause. */
  readonly burst: number;
}

/** Sums of fractions of a millisecond may be off by less than this, which must not cost another wait. */
const ROUNDING_MS = 1e-6;

/**
 * A token bucket, kept as the time at which it will be full again (the same as GCRA). Something larger than the
 * burst passes when the bucket is full and leaves a debt, so that nothing has to wait for ever. Owns no clock:
 * `now` is in milliseconds, from one monotonic clock.
 */
export class TokenBucket {
  readonly #msPerToken: number;
  readonly #burst: number;
  #fullAt = Number.NEGATIVE_INFINITY;

  constructor({ perSecond, burst }: Rate) {
    this.#msPerToken = 1_000 / perSecond;
    this.#burst = burst;
  }

  /** Whole milliseconds until `amount` may pass; 0 when it may pass now. Takes nothing. */
  waitMs(amount: number, now: number): number {
    const spare = this.#burst - Math.min(amount, this.#burst);
    return Math.max(0, Math.ceil(this.#fullAt - now - spare * this.#msPerToken - ROUNDING_MS));
  }

  /** Takes `amount`, whether or not it may pass. */
  take(amount: number, now: number): void {
    this.#fullAt = Math.max(this.#fullAt, now) + amount * this.#msPerToken;
  }

  /** True when it is as full as if it had never been used: it can be forgotten. */
  isFull(now: number): boolean {
    return this.#fullAt <= now + ROUNDING_MS;
  }
}
