import type { PackedReader } from './packed-reader.ts';

/** Longer fields are read each time. */
const KEPT_MAX_BYTES = 512;

/** Places for what was read before the last time; some 32 KiB where all are taken. A power of two. */
const PLACES = 64;

interface Read<T> {
  readonly bytes: Uint8Array;
  length: number;
  value: T | undefined;
}

/**
 * Texts that stand in frame after frame, as they were read and checked the last times: the same senders ask the same targets
 * again and again. Comparing bytes is quicker than reading them and leaves no garbage, and whoever gets the same object as
 * before knows that nothing in it is new. Only the very same bytes count as known. Of two that share a place the later has it.
 */
export class LastRead<T> {
  readonly #texts: number;
  readonly #read: (reader: PackedReader) => T;
  readonly #places: (Read<T> | undefined)[] = Array.from({ length: PLACES }, () => undefined);
  #last: Read<T> = { bytes: new Uint8Array(0), length: 0, value: undefined };

  /**
   * @param texts how many texts with a length byte `read` takes
   * @param read reads them; what it reads must depend on nothing but the bytes that it takes
   */
  constructor(texts: number, read: (reader: PackedReader) => T) {
    this.#texts = texts;
    this.#read = read;
  }

  /** @throws whatever `read` throws */
  read(reader: PackedReader): T {
    const last = this.#last;
    if (last.length > 0 && reader.skip(last.bytes, last.length)) return last.value as T;
    const place = reader.mark(this.#texts) & (PLACES - 1);
    const before = this.#places[place];
    if (before !== undefined && reader.skip(before.bytes, before.length)) return (this.#last = before).value as T;
    const { at } = reader;
    const value = this.#read(reader);
    const length = reader.at - at;
    if (length > KEPT_MAX_BYTES) return value;
    const kept = before ?? { bytes: new Uint8Array(KEPT_MAX_BYTES), length, value };
    reader.copyFrom(at, kept.bytes);
    kept.length = length;
    kept.value = value;
    this.#places[place] = kept;
    this.#last = kept;
    return value;
  }
}
