import { freshMemory } from '../fresh-memory.ts';

/** Big enough that a bulk stream fills one per read; small enough that a chunk kept by a reader pins little. */
const SLAB_BYTES = 64 * 1024;

/** Less room than this is not worth a read. */
const LEAST_ROOM_BYTES = 2 * 1024;

/**
 * Memory for received stream bytes. Chunks are cut from it one after another and never written again:
 * they belong to whoever receives them. One slab serves all connections of an endpoint, so an idle
 * connection holds none.
 */
export class ReceiveSlab {
  #bytes: Uint8Array = new Uint8Array(0);
  #used = 0;
  #lent: Uint8Array | undefined;

  /** Where the next bytes may be written. */
  room(): Uint8Array {
    if (this.#bytes.length - this.#used < LEAST_ROOM_BYTES) {
      this.#bytes = freshMemory(SLAB_BYTES);
      this.#used = 0;
    }
    return this.#bytes.subarray(this.#used);
  }

  /** Room for bytes that nobody keeps: the same each time. */
  get lent(): Uint8Array {
    this.#lent ??= new Uint8Array(SLAB_BYTES);
    return this.#lent;
  }

  /** Gives away the first `length` bytes of the room. */
  take(length: number): Uint8Array {
    const start = this.#used;
    this.#used = start + length;
    return this.#bytes.subarray(start, this.#used);
  }
}
