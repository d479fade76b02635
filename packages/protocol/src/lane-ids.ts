/**
 * Numbers for exchanges and calls such that all that are drawn in one turn of the event loop share a lane, and with it
 * their packets: a packet carries bytes of one lane only. The next turn's have the next lane, so that one lost packet
 * does not stall them all.
 */
export class LaneIds {
  readonly #lanes: number;
  #round = 0;
  #lane = 0;

  /** @param lanes of the connection, 1 … 16; for several connections a multiple of what each has */
  constructor(lanes: number) {
    this.#lanes = lanes;
  }

  /** A number that was not drawn before, at least 1. */
  next(): number {
    this.#round += 1;
    return this.#round * this.#lanes + this.#lane;
  }

  /** Leaves out the `count` numbers behind the last one that was drawn, on whichever lanes they are. */
  reserve(count: number): void {
    this.#round += Math.ceil(count / this.#lanes);
  }

  /** What was drawn before is on its way: what comes now travels on the next lane. */
  nextLane(): void {
    this.#lane = (this.#lane + 1) % this.#lanes;
  }
}
