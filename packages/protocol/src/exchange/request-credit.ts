import { EXCHANGES_IN_FLIGHT_MAX } from '../limits.ts';
import type { Credit } from '../wire/credit.ts';

/**
 * The sender's side of {@link Credit}: counts the unanswered requests of one session, and says
 * whether there may be one more. Pure: times are milliseconds of one monotonic clock.
 */
export class RequestCredit {
  #unheard = 0;
  #max = EXCHANGES_IN_FLIGHT_MAX;
  #until = Number.POSITIVE_INFINITY;

  /** Unanswered requests: those for which no Stages, Targets, Response or Outcome has come. */
  get unheard(): number {
    return this.#unheard;
  }

  /** A Credit frame came. */
  granted({ requests, forMs }: Credit, now: number): void {
    this.#max = requests;
    this.#until = now + forMs;
  }

  /** Whether one more may be sent. */
  allows(now: number): boolean {
    if (this.#unheard < this.#max) return true;
    if (now < this.#until || this.#max === EXCHANGES_IN_FLIGHT_MAX) return false;
    this.#max = EXCHANGES_IN_FLIGHT_MAX;
    return this.#unheard < this.#max;
  }

  /** One is sent. */
  sent(): void {
    this.#unheard += 1;
  }

  /** The hub has said something of one for the first time, or nobody waits for that any more. */
  heard(): void {
    this.#unheard -= 1;
  }
}
