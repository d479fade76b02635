/** Collects bytes up to a limit, and never holds more. */
export class CappedBytes {
  readonly #maxBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns false when the chunk went over the limit; it is dropped then */
  push(chunk: Uint8Array): boolean {
    if (this.#bytes + chunk.length > this.#maxBytes) return false;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    return true;
  }

  toBytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#chunks));
  }
}
