/** Takes part in turns. */
export interface TurnTaker {
  /** Takes in what has arrived. May wake others, which then take part in the same turn. */
  advance(): void;
  /** Sends what there is to send. */
  flush(): void;
  /** Sees to what nobody waits for: when to wake it again, and whether it is over. */
  settle(): void;
}

/**
 * Gathers the work of one turn of the event loop: packets and writes only mark their connection, and
 * after the poll phase (setImmediate) each marked connection reads once and sends once. What a reader
 * writes in answer, on whichever connection, leaves in the same turn, before anything that can wait.
 * While datagrams come one at a time, each has its turn as it comes.
 */
export class Turn {
  #takers: TurnTaker[] = [];
  readonly #marked = new Set<TurnTaker>();
  /** Whether the end of this iteration is waited for. */
  #awaited = false;
  /** Datagrams of this iteration of the event loop. */
  #datagrams = 0;
  /** Whether the last iteration had no more than one. */
  #calm = false;

  wake(taker: TurnTaker): void {
    if (this.#marked.has(taker)) return;
    this.#marked.add(taker);
    this.#takers.push(taker);
    if (this.#awaited) return;
    this.#awaited = true;
    setImmediate(() => this.#iterated());
  }

  /** A datagram has been taken in, and has woken its connection. */
  arrived(): void {
    this.#datagrams += 1;
    if (this.#calm && this.#datagrams === 1) this.#run();
  }

  #iterated(): void {
    this.#awaited = false;
    this.#calm = this.#datagrams <= 1;
    this.#datagrams = 0;
    this.#run();
  }

  #run(): void {
    for (let index = 0; index < this.#takers.length; index += 1) this.#takers[index]?.advance();
    const takers = this.#takers;
    this.#takers = [];
    this.#marked.clear();
    for (const taker of takers) taker.flush();
    for (const taker of takers) taker.settle();
  }
}
