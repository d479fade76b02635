import type { Clock, Timer } from './clock.ts';

/** Node and browsers clamp timers at a signed 32-bit number of milliseconds: beyond it they fire at once. */
export const TIMER_MAX_MS: number = 2 ** 31 - 1;

/** The clock of this computer. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (delayMs, fire) => new SystemTimer(delayMs, fire),
};

/** A timer that reaches past the clamp by setting a new one each time it is woken early. */
class SystemTimer implements Timer {
  readonly #fire: () => void;
  readonly #dueAt: number;
  #handle: ReturnType<typeof setTimeout>;

  constructor(delayMs: number, fire: () => void) {
    this.#fire = fire;
    this.#dueAt = performance.now() + delayMs;
    this.#handle = this.#arm(delayMs);
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }

  #arm(delayMs: number): ReturnType<typeof setTimeout> {
    if (delayMs <= TIMER_MAX_MS) return setTimeout(this.#fire, Math.max(0, delayMs));
    return setTimeout(() => {
      this.#handle = this.#arm(this.#dueAt - performance.now());
    }, TIMER_MAX_MS);
  }
}
