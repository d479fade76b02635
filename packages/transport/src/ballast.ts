import { getHeapStatistics } from 'node:v8';
import { FullCollections } from './full-collections.ts';

const MIB: number = 1024 * 1024;

/** Bytes of ballast that are dropped at once. */
const UNIT_BYTES: number = MIB;

/**
 * With ballast, at most one full collection comes for this many bytes of fresh memory. Pieces that outlived two young
 * collections wait for it.
 */
const BALLAST_BYTES: number = 256 * MIB;

/**
 * Ballast is at most this share (1/8) of the heap's limit. When half of the limit comes to be outside of the heap at once,
 * V8 stops the program for a collection.
 */
const HEAP_SHARE = 8;

/** Ballast pays where a full collection comes for less than this many bytes of fresh memory. */
const PAYS_BELOW_BYTES: number = 32 * MIB;

/** How often ballast is taken on before it is checked again whether it pays. */
const LOADS = 4;

/**
 * Keeps the memory of streamed bodies from setting off full collections.
 *
 * While the heap is small, V8 makes a full collection for each ten megabytes or so that are allocated outside of it: ten a
 * second while bodies arrive, with the rest of the program waiting. It counts the bytes that are there beyond the fewest
 * there have been since the last full collection. Young collections would free what has died, but come only for each 32
 * megabytes of buffers.
 *
 * Ballast is address space that is never touched: it takes no memory, but V8 counts it. A megabyte of it is dropped for
 * each megabyte that is given to the program, so the count stays the same, and young collections come first.
 *
 * Ballast is taken on after a full collection that came too soon. Taking it on costs one full collection itself.
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

  /** Bytes of ballast at present. */
  get bytes(): number {
    return this.#units.length * UNIT_BYTES;
  }

  /** Fresh memory was given to the program. */
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
