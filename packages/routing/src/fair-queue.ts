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
  readonly owner: K;
  readonly waiting: Fifo<InLine<K, T>>;
  bytes: number;
  /** Turns that it has still to pass up. */
  owed: number;
}

/**
 * Things that wait to be done, each behind its owner's others, and the owners in turn: whoever has a thousand of them
 * waiting keeps nobody else waiting for more than one. Whose thing took as long as several passes up as many turns, unless nobody else
 * waits. Pure: times are milliseconds of one monotonic clock.
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

  /** Owners that have something waiting, or turns to pass up. */
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
    if (line === undefined || line.waiting.length === 0) return false;
    const { count, bytes: bytesMax, countInAll, bytesInAll } = this.#limits;
    const { length } = line.waiting;
    if (length >= count || line.bytes + bytes > bytesMax || this.#bytes + bytes > bytesInAll) return true;
    return this.#size >= countInAll && length * this.#lines.size >= countInAll;
  }

  /** Puts something behind its owner's others, whether or not there is room for it. */
  add(owner: K, item: T, bytes: number, now: number): void {
    const line = this.#lineOf(owner);
    line.waiting.push({ owner, item, bytes, since: now });
    line.bytes += bytes;
    this.#bytes += bytes;
    this.#size += 1;
  }

  /** Takes the first thing of the owner whose turn it is. */
  take(): InLine<K, T> | undefined {
    if (this.#size === 0) this.#forgive();
    for (let line = this.#turns.shift(); line !== undefined; line = this.#turns.shift()) {
      if (line.owed > 0) {
        line.owed -= 1;
        this.#turns.push(line);
        continue;
      }
      const taken = line.waiting.shift();
      if (taken !== undefined) this.#took(line, taken);
      if (line.waiting.length > 0) this.#turns.push(line);
      else this.#drop(line);
      if (taken !== undefined) return taken;
    }
    return undefined;
  }

  /** What was taken of an owner just now took as long as so many more: others have as many turns first. */
  charge(owner: K, more: number): void {
    if (this.#size > 0) this.#lineOf(owner).owed += more;
  }

  /** Takes the first thing of an owner out of turn, if it came before a time. */
  takeOlder(owner: K, than: number): InLine<K, T> | undefined {
    const line = this.#lines.get(owner);
    if (line === undefined || (line.waiting.first?.since ?? than) >= than) return undefined;
    const taken = line.waiting.shift();
    if (taken !== undefined) this.#took(line, taken);
    if (line.waiting.length === 0 && line.owed === 0) this.#drop(line);
    return taken;
  }

  /** Takes one thing of an owner out of its line, wherever it stands there. @returns whether it was there */
  remove(owner: K, is: (item: T) => boolean): boolean {
    const line = this.#lines.get(owner);
    const removed = line?.waiting.remove(({ item }) => is(item));
    if (line === undefined || removed === undefined) return false;
    this.#took(line, removed);
    if (line.waiting.length === 0 && line.owed === 0) this.#drop(line);
    return true;
  }

  /** Forgets what an owner has waiting. */
  forget(owner: K): void {
    const line = this.#lines.get(owner);
    if (line === undefined) return;
    this.#size -= line.waiting.length;
    this.#bytes -= line.bytes;
    line.waiting.clear();
    line.owed = 0;
    this.#drop(line);
  }

  #lineOf(owner: K): Line<K, T> {
    const known = this.#lines.get(owner);
    if (known !== undefined) return known;
    const line: Line<K, T> = { owner, waiting: new Fifo(), bytes: 0, owed: 0 };
    this.#lines.set(owner, line);
    this.#turns.push(line);
    return line;
  }

  #took(line: Line<K, T>, { bytes }: InLine<K, T>): void {
    line.bytes -= bytes;
    this.#bytes -= bytes;
    this.#size -= 1;
  }

  /** Its owner may have begun another since. */
  #drop(line: Line<K, T>): void {
    if (this.#lines.get(line.owner) === line) this.#lines.delete(line.owner);
  }

  /** Nobody waits: whoever has turns to pass up has passed them up. */
  #forgive(): void {
    this.#lines.clear();
    this.#turns.clear();
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

  /** Takes the first that is meant out, if there is one. */
  remove(is: (item: T) => boolean): T | undefined {
    const at = this.#items.findIndex((item) => item !== undefined && is(item));
    return at < 0 ? undefined : this.#items.splice(at, 1)[0];
  }

  clear(): void {
    this.#items.length = 0;
    this.#first = 0;
  }
}
