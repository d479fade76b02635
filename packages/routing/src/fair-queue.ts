/** What may wait in a {@link FairQueue}. Whoever has nothing waiting may put one thing there in any case. */
export interface FairQueueLimits {
  /** Of one owner, things and bytes. */
  readonly count: number;
  readonly bytes: number;
  /** Of all owners; where there is as much, nobody may have more things than its share. */
  readonly countInAll: number;
  readonly bytesInAll: number;
}

/** Something in line. */
export interface InLine<K, T> {
  readonly owner: K;
  readonly item: T;
  readonly bytes: number;
  /** When it came. */
  readonly since: number;
}

interface Line<K, T> {
  readonly waiting: Fifo<InLine<K, T>>;
  bytes: number;
}

/**
 * Things that wait to be done, each behind its owner's others, and the owners in turn: whoever has a thousand of them
 * waiting keeps nobody else waiting for more than one. Pure: times are milliseconds of one monotonic clock.
 */
export class FairQueue<K, T> {
  readonly #limits: FairQueueLimits;
  readonly #lines = new Map<K, Line<K, T>>();
  /** In the order in which owners have their turn; those that are empty are passed over. */
  readonly #turns = new Fifo<Line<K, T>>();
  #size = 0;
  #bytes = 0;

  constructor(limits: FairQueueLimits) {
    this.#limits = limits;
  }

  /** Things that wait, of all owners. */
  get size(): number {
    return this.#size;
  }

  /** Owners that have something waiting. */
  get owners(): number {
    return this.#lines.size;
  }

  /** Things that an owner has waiting. */
  countOf(owner: K): number {
    return this.#lines.get(owner)?.waiting.length ?? 0;
  }

  /** Whether an owner has more waiting than may be, were it to put something there. */
  isFull(owner: K, bytes: number): boolean {
    const line = this.#lines.get(owner);
    if (line === undefined) return false;
    const { count, bytes: bytesMax, countInAll, bytesInAll } = this.#limits;
    const { length } = line.waiting;
    if (length >= count || line.bytes + bytes > bytesMax || this.#bytes + bytes > bytesInAll) return true;
    return this.#size >= countInAll && length * this.#lines.size >= countInAll;
  }

  /** Puts something behind its owner's others, whether or not there is room for it. */
  add(owner: K, item: T, bytes: number, now: number): void {
    let line = this.#lines.get(owner);
    if (line === undefined) {
      line = { waiting: new Fifo(), bytes: 0 };
      this.#lines.set(owner, line);
      this.#turns.push(line);
    }
    line.waiting.push({ owner, item, bytes, since: now });
    line.bytes += bytes;
    this.#bytes += bytes;
    this.#size += 1;
  }

  /** Takes the first thing of the owner whose turn it is. */
  take(): InLine<K, T> | undefined {
    for (let line = this.#turns.shift(); line !== undefined; line = this.#turns.shift()) {
      const taken = this.#takeFrom(line);
      if (taken === undefined) continue;
      if (line.waiting.length > 0) this.#turns.push(line);
      return taken;
    }
    return undefined;
  }

  /** Takes the first thing of an owner out of turn, if it came before a time. */
  takeOlder(owner: K, than: number): InLine<K, T> | undefined {
    const line = this.#lines.get(owner);
    return line !== undefined && (line.waiting.first?.since ?? than) < than ? this.#takeFrom(line) : undefined;
  }

  /** Forgets what an owner has waiting. */
  forget(owner: K): void {
    const line = this.#lines.get(owner);
    if (line === undefined) return;
    this.#size -= line.waiting.length;
    this.#bytes -= line.bytes;
    line.waiting.clear();
    this.#lines.delete(owner);
  }

  #takeFrom(line: Line<K, T>): InLine<K, T> | undefined {
    const taken = line.waiting.shift();
    if (taken === undefined) return undefined;
    line.bytes -= taken.bytes;
    this.#bytes -= taken.bytes;
    this.#size -= 1;
    if (line.waiting.length === 0) this.#lines.delete(taken.owner);
    return taken;
  }
}

/** First in, first out. What has been taken is cut off once it is half of all, so that each is moved once at most. */
class Fifo<T> {
  readonly #items: (T | undefined)[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  get first(): T | undefined {
    return this.#items[this.#first];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#first];
    this.#items[this.#first] = undefined;
    this.#first += 1;
    if (this.#first * 2 >= this.#items.length) {
      this.#items.splice(0, this.#first);
      this.#first = 0;
    }
    return item;
  }

  clear(): void {
    this.#items.length = 0;
    this.#first = 0;
  }
}
