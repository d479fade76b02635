import { getHeapStatistics } from 'node:v8';
import { FullCollections } from './full-collections.ts';

const MIB: number = 1024 * 1024;

/** What is thrown off at once. */
const UNIT_BYTES: number = MIB;

/** For so much fresh memory there is one full collection with ballast, at most; pieces that died after two young collections wait for it. */
const BALLAST_BYTES: number = 256 * MIB;

/** Of the heap's limit: V8 stops the program for a collection, and hurries, when half of it comes to be outside at once. */
const HEAP_SHARE = 8;

/** Ballast pays where V8 collects fully more often than for so many bytes of fresh memory. */
const PAYS_BELOW_BYTES: number = 32 * MIB;

/** How often it is taken on before it is looked at again whether it pays. */
const LOADS = 4;

/**
 * Keeps memory that is given away from setting off full collections. V8 makes one for each ten megabytes or so that come to be outside of
 * a small heap, long before a young collection would have found what has died of them: ten a second while bodies arrive, for which all
 * else that the program does waits. It counts what is there beyond the least that was there since the last full collection. Ballast counts
 * as well, and is none: address space that nobody has touched. A megabyte of it is thrown off for each that is given away, so the
 * count does not grow, and young collections, which V8 makes for 32 megabytes of young buffers, give back what has died.
 *
 * Ballast is taken on after a full collection that came too soon, and costs one itself; where they are rare there is none.
 */
export class Ballast {
  readonly #collections: Pick<FullCollections, 'happened'>;
  readonly #units: ArrayBuffer[] = [];
  #given = 0;
  /** Bytes given away without ballast since the last full collection that was seen. */
  #bare = 0;
  /** How often it is still taken on without another look. */
  #loads = 0;

  constructor(collections: Pick<FullCollections, 'happened'> = new FullCollections()) {
    this.#collections = collections;
  }

  /** Bytes of ballast that there are. */
  get bytes(): number {
    return this.#units.length * UNIT_BYTES;
  }

  /** Fresh memory is given away. */
  given(bytes: number): void {
    this.#given += bytes;
    for (; this.#given >= UNIT_BYTES; this.#given -= UNIT_BYTES) {
      const unit = this.#units.pop();
      if (unit === undefined) this.#goBare();
      else unit.transfer(0);
    }
  }

  #goBare(): void {
    if (this.#loads > 0) return this.#takeOn();
    // Those that came while there was ballast say nothing.
    if (this.#bare === 0) this.#collections.happened();
    this.#bare += UNIT_BYTES;
    if (!this.#collections.happened()) return;
    if (this.#bare < PAYS_BELOW_BYTES) {
      this.#loads = LOADS;
      this.#takeOn();
    }
    this.#bare = 0;
  }

  #takeOn(): void {
    this.#loads -= 1;
    const most = Math.min(BALLAST_BYTES, getHeapStatistics().heap_size_limit / HEAP_SHARE);
    // A resizable buffer is mapped from the system: it counts in full and, never being written to, takes no memory.
    while (this.bytes + UNIT_BYTES <= most)
      this.#units.push(new ArrayBuffer(UNIT_BYTES, { maxByteLength: UNIT_BYTES }));
  }
}
