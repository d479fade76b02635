/**
 * A packet of fewer bytes is not worth sending early: the engine makes one for each stream, and each costs both ends together
 * as much as a dozen messages.
 */
export const PACKET_BYTES = 7_000;

/** With this many messages in it, a packet costs each of them less than its own work does, however short they are. */
export const GROUP_MESSAGES = 32;

/** Bytes of a full packet: just less than one can carry. */
export const FULL_BYTES = 15_000;

/** After a rest, half of what a turn writes is sent ahead of the other half if it has at least this many bytes. */
const HALF_BYTES = 5_000;

/** What is to be known of the turn in which something is written. */
export interface Occasion {
  /** Whether there was nothing to do for a while before this turn. */
  readonly rested: boolean;
  /** Whether it is the turn of a short datagram that came alone: what is written is the answer, and somebody waits for it. */
  readonly alone: boolean;
}

/**
 * When small writes are sent before the end of the turn in which they are made, so that their readers can work meanwhile.
 * Messages that came in one packet should leave in one, else a few of them travel alone at the price of all. So their number
 * counts, which stays the same from one program to the next, rather than their bytes. An endpoint that had rested before a
 * turn has everything that is under way in that turn, and all others wait for it: it sends half of it ahead, and from then
 * on the halves take turns. What answers a message that came alone is sent before anything else is done about it. Pure.
 */
export class Gathering {
  /** Since something was sent. */
  #bytes = 0;
  #messages = 0;
  /** What has been sent of this turn's, and of the last one's that wrote anything. */
  #turnBytes = 0;
  #lastTurnBytes = 0;

  /**
   * Something has been written.
   * @param streams how many have something to send
   * @returns whether to send what there is now
   */
  wrote(bytes: number, streams: number, occasion: Occasion): boolean {
    this.#bytes += bytes;
    this.#messages += 1;
    if (this.#turnBytes === 0 && occasion.alone) return true;
    if (this.#bytes < HALF_BYTES * streams) return false;
    if (this.#bytes >= FULL_BYTES * streams) return true;
    if (this.#turnBytes > 0) return false;
    if (this.#lastTurnBytes >= 2 * HALF_BYTES * streams && occasion.rested)
      return this.#bytes >= this.#lastTurnBytes / 2;
    return this.#bytes >= PACKET_BYTES * streams && this.#messages >= GROUP_MESSAGES * streams;
  }

  /** What was written has been sent. */
  sent(): void {
    this.#turnBytes += this.#bytes;
    this.#bytes = 0;
    this.#messages = 0;
  }

  turnEnded(): void {
    if (this.#turnBytes > 0) this.#lastTurnBytes = this.#turnBytes;
    this.#turnBytes = 0;
  }
}
