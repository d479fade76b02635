import type { PackedReader } from './packed-reader.ts';

/** Longer fields are read each time. */
const KEPT_MAX_BYTES = 512;

/**
 * Fields that stand in frame after frame, as they were read and checked the last time: the same sender asks the same target
 * again and again. Comparing bytes is quicker than reading them and leaves no garbage, and whoever gets the same object as
 * before knows that nothing in it is new. Only the very same bytes count as known.
 */
export class LastRead<T> {
  readonly #read: (reader: PackedReader) => T;
  readonly #bytes = new Uint8Array(KEPT_MAX_BYTES);
  #length = 0;
  #value: T | undefined;

  /** @param read reads the fields; what it reads must depend on nothing but the bytes that it takes */
  constructor(read: (reader: PackedReader) => T) {
    this.#read = read;
  }

  /** @throws whatever `read` throws */
  read(reader: PackedReader): T {
    if (this.#length > 0 && reader.skip(this.#bytes, this.#length)) return this.#value as T;
    const { at } = reader;
    const value = this.#read(reader);
    const length = reader.at - at;
    if (length <= KEPT_MAX_BYTES) {
      reader.copyFrom(at, this.#bytes);
      this.#length = length;
      this.#value = value;
    }
    return value;
  }
}
