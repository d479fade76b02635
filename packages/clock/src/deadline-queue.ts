/** A value with the time at which it is due. Belongs to one queue. */
export interface Deadline<T> {
  readonly at: number;
  readonly value: T;
}

interface Slot<T> extends Deadline<T> {
  at: number;
  /** Where it stands in the heap; −1 when it is not in the queue. */
  index: number;
}

/**
 * Values by deadline: a binary heap whose entries know their place, so that any of them can be moved
 * or cancelled in O(log n). Owns no clock: times are numbers that the caller compares alike.
 */
export class DeadlineQueue<T> {
  readonly #heap: Slot<T>[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The earliest deadline. */
  get nextAt(): number | undefined {
    return this.#heap[0]?.at;
  }

  add(at: number, value: T): Deadline<T> {
    const slot: Slot<T> = { at, value, index: this.#heap.length };
    this.#heap.push(slot);
    this.#rise(slot);
    return slot;
  }

  /** Gives an entry another time; puts it back if it was taken out. */
  reschedule(deadline: Deadline<T>, at: number): void {
    const slot = deadline as Slot<T>;
    slot.at = at;
    if (slot.index < 0) slot.index = this.#heap.push(slot) - 1;
    this.#rise(slot);
    this.#sink(slot);
  }

  /** Takes an entry out. Does nothing if it is not in the queue. */
  cancel(deadline: Deadline<T>): void {
    const slot = deadline as Slot<T>;
    const index = slot.index;
    if (index < 0) return;
    slot.index = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === slot) return;
    this.#place(last, index);
    this.#rise(last);
    this.#sink(last);
  }

  /** Whether an entry of this queue still waits in it. */
  has(deadline: Deadline<T>): boolean {
    return (deadline as Slot<T>).index >= 0;
  }

  /** Takes out the earliest entry if it is due at `now`. */
  popDue(now: number): Deadline<T> | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.cancel(first);
    return first;
  }

  #rise(slot: Slot<T>): void {
    while (slot.index > 0) {
      const above = this.#heap[(slot.index - 1) >> 1] as Slot<T>;
      if (above.at <= slot.at) return;
      this.#swap(slot, above);
    }
  }

  #sink(slot: Slot<T>): void {
    for (;;) {
      const left = this.#heap[slot.index * 2 + 1];
      const right = this.#heap[slot.index * 2 + 2];
      const lesser = right !== undefined && left !== undefined && right.at < left.at ? right : left;
      if (lesser === undefined || lesser.at >= slot.at) return;
      this.#swap(slot, lesser);
    }
  }

  #swap(a: Slot<T>, b: Slot<T>): void {
    const { index } = a;
    this.#place(a, b.index);
    this.#place(b, index);
  }

  #place(slot: Slot<T>, index: number): void {
    this.#heap[index] = slot;
    slot.index = index;
  }
}
