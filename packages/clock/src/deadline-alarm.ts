import type { Clock, Timer } from './clock.ts';

/**
 * One timer for many deadlines. It is set for the earliest and left alone while later ones come and
 * go: when it fires it is told how long to the next.
 */
export class DeadlineAlarm {
  readonly #clock: Clock;
  readonly #fire: () => number | undefined;
  #timer: Timer | undefined;
  #at = Infinity;

  /** @param fire does what is due and returns the monotonic time of the next deadline, if there is one */
  constructor(clock: Clock, fire: () => number | undefined) {
    this.#clock = clock;
    this.#fire = fire;
  }

  /** Makes sure that the alarm fires at `at` (monotonic milliseconds) or before. */
  noLaterThan(at: number): void {
    if (at >= this.#at) return;
    this.#timer?.cancel();
    this.#at = at;
    this.#timer = this.#clock.setTimer(Math.max(0, at - this.#clock.monotonic()), () => {
      this.#at = Infinity;
      const next = this.#fire();
      if (next !== undefined) this.noLaterThan(next);
    });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#at = Infinity;
  }
}
