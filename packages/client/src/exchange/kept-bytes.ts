import type { Settled } from './answer-memory.ts';

/** Bytes that are taken from the system at once. */
const CHUNK_BYTES: number = 64 * 1024;

/** What is longer has memory of its own: it would leave too much of a chunk empty. */
const SHARING_MAX_BYTES: number = 4 * 1024;

const NOTHING = new Uint8Array(0);

/**
 * Copies of answers for as long as they are remembered. What a handler returns may be part of a buffer that it writes to
 * again, or of one that is much larger: an echo of 256 bytes is a view of the 64 KiB that came with it, ten bodies among them.
 * Copies stand one behind the other in chunks, in the order in which they are also forgotten.
 */
export class KeptBytes {
  #chunk: Uint8Array = NOTHING;
  #used = 0;

  /** @param settled without a streamed body */
  copyOf(settled: Settled): Settled {
    if (!('response' in settled)) return settled;
    const { headers, body } = settled.response;
    return { response: { headers: this.#copy(headers), body: this.#copy(body) } };
  }

  #copy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length === 0) return NOTHING;
    // Not `slice`, which a Buffer understands otherwise.
    if (length > SHARING_MAX_BYTES) return new Uint8Array(bytes);
    if (this.#chunk.length - this.#used < length) {
      this.#chunk = new Uint8Array(CHUNK_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used = start + length;
    this.#chunk.set(bytes, start);
    return this.#chunk.subarray(start, this.#used);
  }
}
