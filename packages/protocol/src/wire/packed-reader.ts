import { QconnError } from '../errors.ts';
import { readU16, readU32 } from './frame.ts';
import { KnownTexts } from './known-texts.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const float = new DataView(new ArrayBuffer(8));
const NOTHING = new Uint8Array(0);
const knownTexts = new KnownTexts();

/** Reads the fields of a packed control section; every read checks that the bytes are there. */
export class PackedReader {
  readonly #bytes: Uint8Array;
  readonly #frame: string;
  #at = 0;

  /** @param frame the frame's name, for error messages */
  constructor(bytes: Uint8Array, frame: string) {
    this.#bytes = bytes;
    this.#frame = frame;
  }

  u8(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  u16(): number {
    return readU16(this.#bytes, this.#take(2));
  }

  u32(): number {
    return readU32(this.#bytes, this.#take(4));
  }

  f64(): number {
    float.setUint32(0, this.u32());
    float.setUint32(4, this.u32());
    return float.getFloat64(0);
  }

  /** A length byte and UTF-8. @throws QconnError `bad_frame` over `maxBytes` or for bytes that are not UTF-8 */
  text8(maxBytes: number): string {
    return this.#text(this.u8(), maxBytes);
  }

  /** Two length bytes and UTF-8. @throws QconnError `bad_frame` over `maxBytes` or for bytes that are not UTF-8 */
  text16(maxBytes: number): string {
    return this.#text(this.u16(), maxBytes);
  }

  /** Two length bytes and bytes, as a view. @throws QconnError `bad_frame` over `maxBytes` */
  bytes16(maxBytes: number): Uint8Array {
    const length = this.u16();
    if (length === 0) return NOTHING;
    if (length > maxBytes) throw this.bad(`a field of ${length} bytes; the limit is ${maxBytes}`);
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** @throws QconnError `bad_frame` when bytes are left over */
  end(): void {
    if (this.#at !== this.#bytes.length) throw this.bad(`${this.#bytes.length - this.#at} bytes too many`);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Where it stands. */
  get at(): number {
    return this.#at;
  }

  /** Another reader that stands where this one stands. */
  fork(): PackedReader {
    const other = new PackedReader(this.#bytes, this.#frame);
    other.#at = this.#at;
    return other;
  }

  /** Passes over the first `length` of these bytes, if they are what comes next. @returns whether they are */
  skip(expected: Uint8Array, length: number): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    if (bytes.length - at < length) return false;
    for (let index = 0; index < length; index += 1) if (bytes[at + index] !== expected[index]) return false;
    this.#at = at + length;
    return true;
  }

  /** A number that tells most sequences of so many {@link PackedReader.text8} apart, without reading them: names differ towards their ends. */
  mark(texts: number): number {
    const bytes = this.#bytes;
    let mark = 0;
    let at = this.#at;
    for (let text = 0; text < texts && at < bytes.length; text += 1) {
      at += 1 + (bytes[at] as number);
      if (at <= bytes.length) mark = 3 * mark + (bytes[at - 1] as number) + 11 * (bytes[at - 2] ?? 0);
    }
    return mark;
  }

  /** Passes over an {@link PackedReader.f64}. @returns whether it is a finite number: not all bits of its exponent are set */
  skipFinite64(): boolean {
    const at = this.#take(8);
    return (readU16(this.#bytes, at) & 0x7ff0) !== 0x7ff0;
  }

  /** Copies what was read since it stood at `start`. */
  copyFrom(start: number, into: Uint8Array): void {
    for (let at = start; at < this.#at; at += 1) into[at - start] = this.#bytes[at] as number;
  }

  /** The error for this frame. @param what what is wrong, to follow “has” */
  bad(what: string, cause?: unknown): QconnError {
    return new QconnError('bad_frame', `A ${this.#frame} frame has ${what}.`, { cause });
  }

  #text(length: number, maxBytes: number): string {
    if (length > maxBytes) throw this.bad(`a field of ${length} bytes; the limit is ${maxBytes}`);
    const at = this.#take(length);
    const known = knownTexts.read(this.#bytes, at, length);
    if (known !== undefined) return known;
    try {
      return decoder.decode(this.#bytes.subarray(at, at + length));
    } catch (cause) {
      throw this.bad('text that is not UTF-8', cause);
    }
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (this.#bytes.length - at < bytes) throw this.bad('fewer bytes than its fields need');
    this.#at = at + bytes;
    return at;
  }
}
