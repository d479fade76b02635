/** The first window, in milliseconds: doubled with each short gap, it reaches the default's maximum after five. */
const FIRST_MS = 0.02;

/** How much longer the window becomes when a longer one would have seen the datagram come. */
const GROWTH = 2;

/**
 * For how long after a datagram to look for the next one instead of falling asleep: a process that has slept is woken late,
 * with cold caches. As in Linux's `haltpoll`, the window grows while datagrams come within its maximum, and closes with the
 * first that does not. So an endpoint with little to do sleeps, and so does one with much: the time that a datagram's work
 * takes counts as well.
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

  /** Whether to look once more rather than fall asleep. */
  worthALook(now: number): boolean {
    return now - this.#lastAt < this.#windowMs;
  }
}
