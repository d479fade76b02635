import { DeadlineQueue, type Clock, type Deadline, type Timer } from '@qconn/clock';

/** Something that wants to be woken at a time. */
export interface Sleeper {
  /** Called at the time asked for or earlier; asks again for the time that it still needs. */
  onAlarm(now: number): void;
}

/**
 * All deadlines of an endpoint on one timer. Moving a deadline later costs nothing: the sleeper is
 * woken at the earlier time, sees that it has nothing to do and asks again. A busy connection thus
 * does not touch the heap, let alone a timer, for each packet.
 */
export class Alarm {
  readonly #clock: Clock;
  readonly #queue = new DeadlineQueue<Sleeper>();
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Wakes the sleeper at `at` (monotonic) or earlier. Returns the entry to pass in the next time. */
  wakeBy(entry: Deadline<Sleeper> | undefined, at: number, sleeper: Sleeper): Deadline<Sleeper> {
    let deadline = entry;
    if (deadline === undefined) deadline = this.#queue.add(at, sleeper);
    else if (!this.#queue.has(deadline) || at < deadline.at) this.#queue.reschedule(deadline, at);
    this.#arm();
    return deadline;
  }

  cancel(entry: Deadline<Sleeper> | undefined): void {
    if (entry !== undefined) this.#queue.cancel(entry);
    if (this.#queue.size === 0) this.#disarm();
  }

  #arm(): void {
    const next = this.#queue.nextAt;
    if (next === undefined || next >= this.#timerAt) return;
    this.#disarm();
    this.#timerAt = next;
    this.#timer = this.#clock.setTimer(next - this.#clock.monotonic(), () => this.#ring());
  }

  #ring(): void {
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.monotonic();
    for (let due = this.#queue.popDue(now); due !== undefined; due = this.#queue.popDue(now)) due.value.onAlarm(now);
    this.#arm();
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }
}
