/** What a network does to datagrams. Probabilities are in [0, 1]; what is left out does not happen. */
export interface Faults {
  /** Probability that a datagram is lost. */
  readonly loss?: number;
  /** Time on the way, in milliseconds. */
  readonly delayMs?: number;
  /** Up to so much more, drawn for each datagram, in milliseconds. Order is kept. */
  readonly jitterMs?: number;
  /** Probability that a datagram is held back so that later ones overtake it. */
  readonly reorder?: number;
  /** Probability that a datagram arrives twice. */
  readonly duplicate?: number;
  /** Probability that one byte of a datagram is changed. */
  readonly corrupt?: number;
  /** Bytes a second that pass; what is more waits, and is lost once the wait exceeds {@link QUEUE_MS}. */
  readonly bytesPerSecond?: number;
  /** Datagrams with more payload are lost, as beyond a narrow link that tells nobody. */
  readonly mtuBytes?: number;
}

/** One arrival of a datagram. */
export interface Arrival {
  /** Monotonic time, in milliseconds. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** How long a held-back datagram stays back, in milliseconds: long enough for a burst to overtake it. */
const REORDER_MS = 10;

/** The longest queue before a rate limit, in milliseconds. */
export const QUEUE_MS = 200;

/** One direction of a faulty network. Pure: time and chance are passed in. */
export class Impairment {
  readonly #random: () => number;
  #faults: Faults;
  #busyUntil = 0;
  #lastAt = 0;

  constructor(faults: Faults, random: () => number) {
    this.#faults = faults;
    this.#random = random;
  }

  change(faults: Faults): void {
    this.#faults = faults;
  }

  /** When, and as what, a datagram arrives: not at all, once or twice. */
  pass(bytes: Uint8Array, now: number): Arrival[] {
    const { loss = 0, mtuBytes = Number.POSITIVE_INFINITY, duplicate = 0 } = this.#faults;
    if (this.#random() < loss || bytes.length > mtuBytes) return [];
    const queued = this.#queue(bytes.length, now);
    if (queued === undefined) return [];
    const arrivals = [{ at: this.#arrivalTime(queued), bytes: this.#perhapsCorrupt(bytes) }];
    if (this.#random() < duplicate) arrivals.push({ at: this.#arrivalTime(queued), bytes });
    return arrivals;
  }

  /** When a datagram has passed the rate limit; `undefined` when the queue is full. */
  #queue(length: number, now: number): number | undefined {
    const { bytesPerSecond } = this.#faults;
    if (bytesPerSecond === undefined) return now;
    const start = Math.max(now, this.#busyUntil);
    if (start - now > QUEUE_MS) return undefined;
    this.#busyUntil = start + (length / bytesPerSecond) * 1_000;
    return this.#busyUntil;
  }

  #arrivalTime(from: number): number {
    const { delayMs = 0, jitterMs = 0, reorder = 0 } = this.#faults;
    const at = from + delayMs + this.#random() * jitterMs;
    if (this.#random() < reorder) return at + REORDER_MS;
    this.#lastAt = Math.max(this.#lastAt, at);
    return this.#lastAt;
  }

  #perhapsCorrupt(bytes: Uint8Array): Uint8Array {
    const { corrupt = 0 } = this.#faults;
    if (this.#random() >= corrupt || bytes.length === 0) return bytes;
    const changed = bytes.slice();
    const index = Math.floor(this.#random() * bytes.length);
    changed[index] = (changed[index] ?? 0) ^ (1 + Math.floor(this.#random() * 255));
    return changed;
  }
}
