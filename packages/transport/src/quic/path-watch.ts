/** Turns for which paths and ids are looked at after something has moved, and how often that is done anyway. */
const WATCH_TURNS = 64;
const LOOK_DATAGRAMS = 1_024;

/** In which turns a connection asks the engine for news of paths and ids: asking in each costs too much. Pure. */
export class PathWatch {
  #turns = WATCH_TURNS;
  #datagrams = 0;
  #moves = 0;

  /** @param moved whether the datagram came from somewhere new */
  received(moved: boolean): void {
    this.#datagrams += 1;
    if (moved || this.#datagrams % LOOK_DATAGRAMS === 0) this.#turns = WATCH_TURNS;
  }

  /** Looks in each turn while this side moves, and for a while afterwards. */
  follow<T>(move: Promise<T>): Promise<T> {
    this.#moves += 1;
    return move.finally(() => {
      this.#moves -= 1;
      this.#turns = WATCH_TURNS;
    });
  }

  /** Whether this turn is one to look in. */
  take(): boolean {
    if (this.#turns > 0) this.#turns -= 1;
    else return this.#moves > 0;
    return true;
  }
}
