/**
 * An acknowledgement waits for this many datagrams, or so many milliseconds, for data to travel with: on its
 * own it costs as much as a datagram full of messages. The engine grants peers 25 ms (RFC 9000, section
 * 13.2.1); loss detection is not touched, and a burst, or what came out of order, is acknowledged at the end of its turn.
 */
const DATAGRAMS_PER_ACK = 8;
const ACK_DELAY_MS = 2;

/** When what has come is to be acknowledged, should nothing else be sent before. Pure: time is passed in. */
export class DelayedAck {
  #waiting = 0;
  #dueAt = Number.POSITIVE_INFINITY;

  /** Monotonic time by which an acknowledgement has to leave. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /** True when so many datagrams wait that it should leave in this turn. */
  get full(): boolean {
    return this.#waiting >= DATAGRAMS_PER_ACK;
  }

  received(now: number): void {
    this.#waiting += 1;
    if (this.#waiting === 1) this.#dueAt = now + ACK_DELAY_MS;
  }

  sent(): void {
    this.#waiting = 0;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }
}
