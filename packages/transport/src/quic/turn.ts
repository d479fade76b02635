/** Takes part in turns. */
export interface TurnTaker {
  /** Takes in what has arrived. May wake others, which then take part in the same turn. */
  advance(): void;
  /** Sends what there is to send. */
  flush(): void;
}

/**
 * Gathers the work of one turn of the event loop: packets and writes only mark their connection, and
 * after the poll phase (setImmediate) each marked connection reads once and sends once. What a reader
 * writes in answer, on whichever connection, leaves in the same turn.
 */
export class Turn {
  #takers: TurnTaker[] = [];
  readonly #marked = new Set<TurnTaker>();
  #immediate: NodeJS.Immediate | undefined;

  wake(taker: TurnTaker): void {
    if (this.#marked.has(taker)) return;
    this.#marked.add(taker);
    this.#takers.push(taker);
    this.#immediate ??= setImmediate(() => this.run());
  }

  /** Runs the turn now. */
  run(): void {
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
    for (let index = 0; index < this.#takers.length; index += 1) this.#takers[index]?.advance();
    const takers = this.#takers;
    this.#takers = [];
    this.#marked.clear();
    this.#immediate = undefined;
    for (const taker of takers) taker.flush();
  }
}
