import { ADDRESS_PART_MAX_BYTES } from '../limits.ts';
import type { PackedWriter } from './packed-writer.ts';

const TEXTS_MAX = 4;

/**
 * Names that stand in frame after frame, as they were written the last time: when they are the same again, their bytes are
 * copied. The counterpart of {@link LastRead}.
 */
export class LastWritten {
  readonly #bytes = new Uint8Array(TEXTS_MAX * (1 + ADDRESS_PART_MAX_BYTES));
  #length = 0;
  #first = '';
  #second = '';
  #third = '';
  #fourth: string | undefined;

  /** Writes each with a length byte before it. @throws QconnError `too_large` over 128 bytes */
  write(writer: PackedWriter, first: string, second: string, third: string, fourth?: string): PackedWriter {
    const same = first === this.#first && second === this.#second && third === this.#third && fourth === this.#fourth;
    if (same && this.#length > 0) return writer.copied(this.#bytes, this.#length);
    this.#length = 0;
    const { at } = writer;
    writer
      .text8(first, ADDRESS_PART_MAX_BYTES)
      .text8(second, ADDRESS_PART_MAX_BYTES)
      .text8(third, ADDRESS_PART_MAX_BYTES);
    if (fourth !== undefined) writer.text8(fourth, ADDRESS_PART_MAX_BYTES);
    this.#length = writer.copyFrom(at, this.#bytes);
    this.#first = first;
    this.#second = second;
    this.#third = third;
    this.#fourth = fourth;
    return writer;
  }
}
