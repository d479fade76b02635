/**
 * How many bodies move at once for each machine. What finds no room waits, and starts in the order in which it
 * came as soon as both of its machines have room.
 */
export class Slots {
  readonly #limits: { readonly streamsPerMachine: number };
  readonly #used = new Map<string, number>();
  readonly #waiting = new Map<string, Set<Waiter>>();

  /** @param limits looked at for each body that wants to start */
  constructor(limits: { readonly streamsPerMachine: number }) {
    this.#limits = limits;
  }

  /** Runs `start` now or when there is room. @returns takes it out of the queue, if it still waits there */
  enter(machines: readonly [string, string], start: () => void): () => void {
    const waiter: Waiter = { machines, start };
    if (this.#free(machines)) {
      this.#begin(waiter);
      return () => undefined;
    }
    for (const machine of machines) {
      const queue = this.#waiting.get(machine) ?? new Set();
      this.#waiting.set(machine, queue.add(waiter));
    }
    return () => this.#forget(waiter);
  }

  /** A body that had started has ended. */
  leave(machines: readonly [string, string]): void {
    for (const machine of machines) {
      const left = (this.#used.get(machine) ?? 1) - 1;
      if (left > 0) this.#used.set(machine, left);
      else this.#used.delete(machine);
    }
    for (const machine of machines) {
      for (const waiter of this.#waiting.get(machine) ?? []) {
        if ((this.#used.get(machine) ?? 0) >= this.#limits.streamsPerMachine) break;
        if (!this.#free(waiter.machines)) continue;
        this.#forget(waiter);
        this.#begin(waiter);
      }
    }
  }

  #begin({ machines, start }: Waiter): void {
    for (const machine of machines) this.#used.set(machine, (this.#used.get(machine) ?? 0) + 1);
    start();
  }

  #forget(waiter: Waiter): void {
    for (const machine of waiter.machines) {
      const queue = this.#waiting.get(machine);
      queue?.delete(waiter);
      if (queue?.size === 0) this.#waiting.delete(machine);
    }
  }

  #free(machines: readonly string[]): boolean {
    return machines.every((machine) => (this.#used.get(machine) ?? 0) < this.#limits.streamsPerMachine);
  }
}

interface Waiter {
  readonly machines: readonly [string, string];
  readonly start: () => void;
}
