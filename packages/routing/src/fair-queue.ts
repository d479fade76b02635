/** What may wait in a {@link FairQueue}. */
export interface FairQueueLimits {
  /** Of one owner, things and bytes. */
  readonly countMax: number;
  readonly bytesMax: number;
  /** Bytes of all owners; whoever has nothing waiting may still put one thing there. */
  readonly bytesMaxInAll: number;
  /** When what came first from an owner has waited for so long, its next has to stay away, in milliseconds; but not of one with few waiting. */
  readonly waitMaxMs: number;
  /** What counts as few, shared by all owners that have something waiting: of each at least one. */
  readonly few: number;
}

interface Waiting<T> {
  readonly item: T;
  readonly bytes: number;
  readonly since: number;
}

interface Line<T> {
  readonly waiting: Waiting<T>[];
  /** Where in `waiting` the first one is. */
  first: number;
  bytes: number;
}

/**
 * Things that wait to be done, each behind its owner's others, and the owners in turn: whoever has a thousand of them
 * waiting keeps nobody else waiting for more than one. Pure: times are milliseconds of one monotonic clock.
 */
export class FairQueue<K, T> {
  readonly #limits: FairQueueLimits;
  /** In the order in which owners have their turn. */
  readonly #lines = new Map<K, Line<T>>();
  #size = 0;
  #bytes = 0;

  constructor(limits: FairQueueLimits) {
    this.#limits = limits;
  }

  /** Things that wait, of all owners. */
  get size(): number {
    return this.#size;
  }

  /** Whether an owner has more waiting than may be. */
  isFull(owner: K, bytes: number, now: number): boolean {
    const line = this.#lines.get(owner);
    if (line === undefined) return false;
    const { countMax, bytesMax, bytesMaxInAll, waitMaxMs, few } = this.#limits;
    const count = line.waiting.length - line.first;
    if (count >= countMax || line.bytes + bytes > bytesMax || this.#bytes + bytes > bytesMaxInAll) return true;
    const waitedMs = now - (line.waiting[line.first]?.since ?? now);
    return waitedMs > waitMaxMs && count > Math.max(1, few / this.#lines.size);
  }

  /** Puts something behind its owner's others, whether or not there is room for it. */
  add(owner: K, item: T, bytes: number, now: number): void {
    let line = this.#lines.get(owner);
    if (line === undefined) {
      line = { waiting: [], first: 0, bytes: 0 };
      this.#lines.set(owner, line);
    }
    line.waiting.push({ item, bytes, since: now });
    line.bytes += bytes;
    this.#bytes += bytes;
    this.#size += 1;
  }

  /** Takes the first thing of the owner whose turn it is. */
  take(): T | undefined {
    for (const [owner, line] of this.#lines) {
      const { item, bytes } = line.waiting[line.first] as Waiting<T>;
      line.first += 1;
      line.bytes -= bytes;
      this.#bytes -= bytes;
      this.#size -= 1;
      this.#lines.delete(owner);
      if (line.first < line.waiting.length) this.#lines.set(owner, shortened(line));
      return item;
    }
    return undefined;
  }

  /** Forgets what an owner has waiting. */
  forget(owner: K): void {
    const line = this.#lines.get(owner);
    if (line === undefined) return;
    this.#size -= line.waiting.length - line.first;
    this.#bytes -= line.bytes;
    this.#lines.delete(owner);
  }
}

/** What has been taken is cut off once it is half of all, so that each is moved once at most. */
function shortened<T>(line: Line<T>): Line<T> {
  if (line.first * 2 < line.waiting.length) return line;
  line.waiting.splice(0, line.first);
  line.first = 0;
  return line;
}
