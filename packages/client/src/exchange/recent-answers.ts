import { ANSWERS_MAX, ANSWERS_MAX_BYTES, bytesOf, type Settled } from './answer-memory.ts';

/** How an exchange ended. Its number is unique within one run of its hub. */
interface Answered {
  readonly epoch: string;
  readonly id: number;
  readonly settled: Settled;
  readonly endedAt: number;
}

/** How long an exchange is remembered against being forwarded again, in milliseconds: the longest usual resolution deadline. */
const REDELIVERY_TTL_MS = 120_000;

/**
 * The answers that were given last: one that was written to a connection just before it broke may never have arrived, and
 * the hub then forwards the exchange again. That is rare, so an answer costs one entry of a ring, and finding one a search.
 * Times are monotonic milliseconds, passed in.
 */
export class RecentAnswers {
  readonly #ring: (Answered | undefined)[] = [];
  /** Numbers of the oldest that is kept and of the next to come, in the order in which they ended. */
  #oldest = 0;
  #next = 0;
  #bytes = 0;

  add(epoch: string, id: number, settled: Settled, endedAt: number): void {
    if (this.#next - this.#oldest === ANSWERS_MAX) this.#dropOldest();
    this.#ring[this.#next % ANSWERS_MAX] = { epoch, id, settled, endedAt };
    this.#next += 1;
    this.#bytes += bytesOf(settled);
    while (this.#bytes > ANSWERS_MAX_BYTES) this.#dropOldest();
  }

  find(epoch: string, id: number, now: number): Settled | undefined {
    for (let number = this.#next - 1; number >= this.#oldest; number -= 1) {
      const answered = this.#ring[number % ANSWERS_MAX];
      if (answered === undefined || answered.endedAt + REDELIVERY_TTL_MS <= now) return undefined;
      if (answered.id === id && answered.epoch === epoch) return answered.settled;
    }
    return undefined;
  }

  #dropOldest(): void {
    const place = this.#oldest % ANSWERS_MAX;
    const answered = this.#ring[place];
    this.#ring[place] = undefined;
    this.#oldest += 1;
    if (answered !== undefined) this.#bytes -= bytesOf(answered.settled);
  }
}
