/** Bytes of a chunk: what is read of a stream at once, at most. */
const CHUNK_BYTES: number = 64 * 1024;

/** Pieces of a body that have arrived and wait for the program, in order. An array will do if the program may keep them. */
export interface WaitingPieces {
  /** Takes a piece. Whether its memory may be written to again afterwards is the reader's `borrows`. */
  push(piece: Uint8Array): void;
  /** The next piece for the program; `undefined` when none waits. */
  shift(): Uint8Array | undefined;
}

interface Chunk {
  readonly bytes: Uint8Array;
  filled: number;
}

/**
 * Pieces in a few chunks that are used over and over: what was given out is good until the next is asked for. A body of any length
 * then leaves nothing for the garbage collector, which memory outside of its heap sets off again and again.
 */
export class LentPieces implements WaitingPieces {
  readonly #waiting: Chunk[] = [];
  readonly #free: Chunk[] = [];
  #lent: Chunk | undefined;

  push(piece: Uint8Array): void {
    for (let at = 0; at < piece.length;) {
      const chunk = this.#roomy();
      const taken = piece.subarray(at, at + CHUNK_BYTES - chunk.filled);
      chunk.bytes.set(taken, chunk.filled);
      chunk.filled += taken.length;
      at += taken.length;
    }
  }

  shift(): Uint8Array | undefined {
    if (this.#lent !== undefined) {
      this.#lent.filled = 0;
      this.#free.push(this.#lent);
    }
    this.#lent = this.#waiting.shift();
    return this.#lent?.bytes.subarray(0, this.#lent.filled);
  }

  #roomy(): Chunk {
    const last = this.#waiting.at(-1);
    if (last !== undefined && last.filled < CHUNK_BYTES) return last;
    const chunk = this.#free.pop() ?? { bytes: new Uint8Array(CHUNK_BYTES), filled: 0 };
    this.#waiting.push(chunk);
    return chunk;
  }
}
