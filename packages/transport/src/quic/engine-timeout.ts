import type { NativeConnection } from './native.ts';

/** The engine's own timeout: of loss detection, of idling, of draining. */
export class EngineTimeout {
  readonly #native: NativeConnection;
  #passed = false;

  constructor(native: NativeConnection) {
    this.#native = native;
  }

  /** Whether it has passed and the engine has not been told. */
  get passed(): boolean {
    return this.#passed;
  }

  /** Monotonic time at which it passes; infinite while there is none. */
  at(now: number): number {
    const timeout = this.#native.timeout();
    // The engine's milliseconds are rounded down: one more, or the alarm would come early.
    return timeout === null ? Number.POSITIVE_INFINITY : now + timeout + 1;
  }

  /** The alarm has rung. @returns whether it was for this */
  ring(): boolean {
    if (!this.#due) return false;
    this.#passed = true;
    return true;
  }

  /**
   * Tells the engine, in the turn after the alarm, when all has been read that had come by then: whoever was kept from its work
   * would otherwise take what waits in its socket for lost.
   * @param first what to do before
   * @returns whether there was something to tell
   */
  tell(first: () => void): boolean {
    if (!this.#passed) return false;
    this.#passed = false;
    if (!this.#due) return false;
    first();
    this.#native.onTimeout();
    return true;
  }

  get #due(): boolean {
    return (this.#native.timeout() ?? 1) <= 0;
  }
}
