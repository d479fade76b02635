import type { Frame } from './frame.ts';

/** Bytes that are taken from the system at once. */
const CHUNK_BYTES = 64 * 1024;

/** What is longer has memory of its own: it would leave too much of a chunk empty. */
const SHARING_MAX_BYTES = 4 * 1024;

const NOTHING = new Uint8Array(0);

/** Copies for those who keep what was lent to them. Short ones stand one behind the other in chunks, which live as long as any of them. */
export class ByteCopies {
  #chunk: Uint8Array = NOTHING;
  #used = 0;

  of(bytes: Uint8Array): Uint8Array {
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

  ofFrame({ type, flags, id, control, body }: Frame): Frame {
    return { type, flags, id, control: this.of(control), body: this.of(body) };
  }
}
