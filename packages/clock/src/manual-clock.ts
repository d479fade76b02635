import type { Clock, Timer } from './clock.ts';
import { DeadlineQueue, type Deadline } from './deadline-queue.ts';

/** A clock that moves only when a test says so. Timers fire inside {@link ManualClock.advance}, in order of their time. */
export class ManualClock implements Clock {
  readonly #timers = new DeadlineQueue<() => void>();
  #wall: number;
  #monotonic = 0;

  /** @param startMs wall-clock time to begin with, in milliseconds since 1970 */
  constructor(startMs = 1_750_000_000_000) {
    this.#wall = startMs;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const deadline: Deadline<() => void> = this.#timers.add(this.#monotonic + Math.max(0, delayMs), fire);
    return { cancel: () => this.#timers.cancel(deadline) };
  }

  /** Timers that are set and have not fired. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Lets time pass, firing what becomes due, including timers that those set. */
  advance(ms: number): void {
    const target = this.#monotonic + ms;
    for (let due = this.#timers.popDue(target); due !== undefined; due = this.#timers.popDue(target)) {
      this.#moveTo(Math.max(due.at, this.#monotonic));
      due.value();
    }
    this.#moveTo(target);
  }

  /** Moves the wall clock alone, as an administrator, NTP or a sleeping computer does. */
  jump(wallMs: number): void {
    this.#wall += wallMs;
  }

  #moveTo(monotonic: number): void {
    this.#wall += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }
}
