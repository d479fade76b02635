import type { Clock } from '@qconn/clock';
import { BusyPoll } from './busy-poll.ts';

/** Keeps the event loop of a busy endpoint from falling asleep: while an immediate is set, Node looks for datagrams without waiting. */
export class Lookout {
  readonly #clock: Clock;
  readonly #poll: BusyPoll;
  #looks = false;

  /** @param maxMs for how long after a datagram to look for the next, at most */
  constructor(clock: Clock, maxMs: number) {
    this.#clock = clock;
    this.#poll = new BusyPoll(maxMs);
  }

  /** A datagram has come. */
  arrived(): void {
    this.#poll.arrived(this.#clock.monotonic());
    if (!this.#looks) this.#look();
  }

  readonly #look = (): void => {
    this.#looks = this.#poll.worthALook(this.#clock.monotonic());
    if (this.#looks) setImmediate(this.#look);
  };
}
