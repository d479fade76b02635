/** What bodies may put into the engine at once: a few datagrams of the loopback, forty of Ethernet. */
const BURST_BYTES: number = 64 * 1024;

/** Bodies wait until there is room for what a millisecond gives, within these bounds: less is not worth a call and a datagram. */
const LEAST_BYTES: number = 8 * 1024;
const LEAST_MAX_BYTES: number = 32 * 1024;

/** Bytes in a millisecond while nothing waits on the way: two gigabits a second. */
const BYTES_PER_MS: number = 256 * 1024;

/** How often the engine is asked for the round trip, in milliseconds. */
const ASK_MS = 4;

/** For how long the shortest round trip counts, once or twice: routes change. */
const LEAST_RTT_MS = 10_000;

/**
 * How fast all bodies of a connection together may go, so that no queue builds up in front of small messages: neither the
 * engine's window nor the sockets' buffers know which is which. A round trip that takes longer than the shortest one is the
 * sign of a queue, on the network or at a busy peer, and slows bodies down by its square. Pure: time is passed in.
 */
export class BodyPace {
  #room = BURST_BYTES;
  #at = 0;
  #bytesPerMs = BYTES_PER_MS;
  #askAt = 0;
  #least = Number.POSITIVE_INFINITY;
  #leastBefore = Number.POSITIVE_INFINITY;
  #leastUntil = 0;

  /** Bytes that bodies may put into the engine now. */
  get room(): number {
    return this.#room < this.#leastRoom ? 0 : Math.floor(this.#room);
  }

  /** Monotonic time at which there is room again, in milliseconds; infinite while there is. */
  get dueAt(): number {
    return this.room > 0 ? Number.POSITIVE_INFINITY : this.#at + (this.#leastRoom - this.#room) / this.#bytesPerMs;
  }

  /** @param askRtt the smoothed round trip, in milliseconds */
  refill(now: number, askRtt: () => number): void {
    if (now >= this.#askAt) this.#measure(now, askRtt());
    this.#room = Math.min(BURST_BYTES, this.#room + (now - this.#at) * this.#bytesPerMs);
    this.#at = now;
  }

  spent(bytes: number): void {
    this.#room -= bytes;
  }

  get #leastRoom(): number {
    return Math.min(LEAST_MAX_BYTES, Math.max(LEAST_BYTES, this.#bytesPerMs));
  }

  #measure(now: number, rtt: number): void {
    this.#askAt = now + ASK_MS;
    // The engine counts whole milliseconds.
    const rttMs = Math.max(1, rtt);
    if (now >= this.#leastUntil) {
      this.#leastUntil = now + LEAST_RTT_MS;
      this.#leastBefore = this.#least;
      this.#least = rttMs;
    }
    this.#least = Math.min(this.#least, rttMs);
    const ratio = Math.min(this.#least, this.#leastBefore) / rttMs;
    this.#bytesPerMs = BYTES_PER_MS * ratio ** 2;
  }
}
