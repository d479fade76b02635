/**
 * Packets smaller than this are not worth a send of their own: the engine makes one for each stream, and each costs both ends together
 * what a dozen messages do.
 */
export const PACKET_BYTES = 7_000;

/** With so many messages a packet costs each of them less than its own work does, whatever they are long. */
export const GROUP_MESSAGES = 32;

/** Just less than a packet can carry. */
export const FULL_BYTES = 15_000;

/** After a rest, half of what a turn writes is sent ahead of the other half if it is at least this long. */
export const HALF_BYTES = 5_000;

/**
 * When small writes are sent before the turn that they are made in is over, so that who reads them can work meanwhile. Messages that came
 * in one packet should leave in one, or a few of them travel alone at the price of all: so what counts is how many they are, which stays the
 * same from one program to the next, rather than how long. Who had rested before a turn has everything that is under way in it: all others
 * wait for it, and the halves take turns from then on. Pure.
 */
export class Gathering {
  /** Since something was sent. */
  #bytes = 0;
  #messages = 0;
  /** Of this turn, and of the last one that wrote anything. */
  #turnBytes = 0;
  #lastTurnBytes = 0;
  /** Whether something of this turn has been sent. */
  #begun = false;

  /**
   * Something has been written.
   * @param streams how many have something to send
   * @param rested whether there was nothing to do before this turn
   * @returns whether to send what there is now
   */
  wrote(bytes: number, streams: number, rested: boolean): boolean {
    this.#bytes += bytes;
    this.#turnBytes += bytes;
    this.#messages += 1;
    const each = this.#bytes / streams;
    if (each >= FULL_BYTES) return true;
    if (this.#begun) return false;
    const half = this.#lastTurnBytes / 2;
    if (rested && half >= HALF_BYTES) return each >= half;
    return each >= PACKET_BYTES && this.#messages >= GROUP_MESSAGES * streams;
  }

  /** What was written has been sent. */
  sent(): void {
    this.#bytes = 0;
    this.#messages = 0;
    this.#begun = true;
  }

  turnEnded(): void {
    if (this.#turnBytes > 0) this.#lastTurnBytes = this.#turnBytes;
    this.#turnBytes = 0;
    this.#begun = false;
  }
}
