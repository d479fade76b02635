/** Before each frame stand the time at which it was written down, its id and its length. */
const HEAD_BYTES = 8 + 8 + 4;

/** Answers of one run of a hub, one behind the other, as the frames that they were sent in. */
export class AnswerPage {
  readonly epoch: string;
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #used = 0;
  #size = 0;
  #lastAt = Number.NEGATIVE_INFINITY;

  /** @param bytes its memory, whatever is in it; somebody else may have it once the page is given up */
  constructor(epoch: string, bytes: Uint8Array) {
    this.epoch = epoch;
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Answers. */
  get size(): number {
    return this.#size;
  }

  /** When the last one was written down. */
  get lastAt(): number {
    return this.#lastAt;
  }

  /** Writes an answer down. @returns false where there is no room for it: then nothing was done */
  add(id: number, at: number, frame: Uint8Array): boolean {
    const start = this.#used;
    if (this.bytes.length - start < HEAD_BYTES + frame.length) return false;
    this.#view.setFloat64(start, at);
    this.#view.setFloat64(start + 8, id);
    this.#view.setUint32(start + 16, frame.length);
    this.bytes.set(frame, start + HEAD_BYTES);
    this.#used = start + HEAD_BYTES + frame.length;
    this.#size += 1;
    this.#lastAt = at;
    return true;
  }

  /** The answer to an exchange, copied, if it was written down after `since`. */
  find(id: number, since: number): Uint8Array | undefined {
    for (let start = 0; start < this.#used;) {
      const end = start + HEAD_BYTES + this.#view.getUint32(start + 16);
      if (this.#view.getFloat64(start + 8) === id && this.#view.getFloat64(start) > since)
        return this.bytes.slice(start + HEAD_BYTES, end);
      start = end;
    }
    return undefined;
  }
}
