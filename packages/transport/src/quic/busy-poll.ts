/** The first window, in milliseconds: from here it takes four gaps that were short enough to the default's whole. */
const FIRST_MS = 0.02;

/** How much longer the window becomes when a longer one would have seen the datagram come. */
const GROWTH = 2;

/**
 * For how long after a datagram to look for the next one instead of falling asleep: whoever has slept is woken late, with caches that have
 * gone cold. The window grows while datagrams come within the most that it may be, and is gone with the first that does not, as that of Linux's
 * `haltpoll` does: who has little to do sleeps. So does who has much, since the time that a datagram's work takes counts.
 * Pure: time is passed in, monotonic and in milliseconds.
 */
export class BusyPoll {
  readonly #maxMs: number;
  #windowMs = 0;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(maxMs: number) {
    this.#maxMs = maxMs;
  }

  /** A datagram has come. */
  arrived(now: number): void {
    const gap = now - this.#lastAt;
    this.#lastAt = now;
    if (gap <= this.#windowMs) return;
    this.#windowMs = gap > this.#maxMs ? 0 : Math.min(this.#maxMs, Math.max(FIRST_MS, this.#windowMs * GROWTH));
  }

  /** Whether to look once more before falling asleep. */
  worthALook(now: number): boolean {
    return now - this.#lastAt < this.#windowMs;
  }
}
