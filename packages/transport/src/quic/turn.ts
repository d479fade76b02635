/** Takes part in turns. */
export interface TurnTaker {
  /** Whether it takes part in the turn to come. Only the turn changes it: a `Set` would be made anew for each. */
  awake: boolean;
  /** Takes in what has arrived. May wake others, which then take part in the same turn. */
  advance(): void;
  /** Sends what there is to send. */
  flush(): void;
  /** Sees to what nobody waits for: when to wake it again, and whether it is over. */
  settle(): void;
}

/** Datagrams that Node takes from a socket at once, before everything else has its turn (libuv's uv__udp_recvmsg). */
const DATAGRAMS_PER_POLL = 32;

/**
 * Gathers the work of one turn of the event loop: packets and writes only mark their connection, and
 * after the poll phase (setImmediate) each marked connection reads once and sends once. What a reader
 * writes in answer, on whichever connection, leaves in the same turn, before anything that can wait.
 * While datagrams come one at a time, each has its turn as it comes.
 */
export class Turn {
  readonly #onRead: ((more: boolean) => boolean) | undefined;
  #takers: TurnTaker[] = [];
  /** Whether the end of this iteration is waited for. */
  #awaited = false;
  /** Datagrams of this iteration of the event loop. */
  #datagrams = 0;
  /** Whether the last iteration had no more than one. */
  #calm = false;

  /**
   * @param onRead called in each turn when everything has been read and nothing sent; `more`: more may have come than was
   * read. Says whether there is to be another turn at once
   */
  constructor(onRead?: (more: boolean) => boolean) {
    this.#onRead = onRead;
  }

  wake(taker: TurnTaker): void {
    if (taker.awake) return;
    taker.awake = true;
    this.#takers.push(taker);
    this.#await();
  }

  /** A datagram has been taken in, and has woken its connection. */
  arrived(): void {
    this.#datagrams += 1;
    if (this.#calm && this.#datagrams === 1) this.#run(false, () => undefined);
  }

  #iterated(): void {
    const datagrams = this.#datagrams;
    this.#calm = datagrams <= 1;
    this.#datagrams = 0;
    // Who is woken while others read has its turn in this one.
    this.#run(datagrams >= DATAGRAMS_PER_POLL, () => (this.#awaited = false));
  }

  #await(): void {
    if (this.#awaited) return;
    this.#awaited = true;
    setImmediate(() => this.#iterated());
  }

  #run(more: boolean, allRead: () => void): void {
    let read = 0;
    for (; read < this.#takers.length; read += 1) this.#takers[read]?.advance();
    const again = this.#onRead?.(more) === true;
    for (; read < this.#takers.length; read += 1) this.#takers[read]?.advance();
    const takers = this.#takers;
    this.#takers = [];
    for (const taker of takers) taker.awake = false;
    allRead();
    if (again) this.#await();
    for (const taker of takers) taker.flush();
    for (const taker of takers) taker.settle();
  }
}
