import { QconnError } from '../errors.ts';
import { BODY_MAX_BYTES, CONTROL_MAX_BYTES, FRAME_HEADER_BYTES, FRAME_MAX_BYTES } from '../limits.ts';
import { writeFrameHeader, writeU16, writeU32 } from './frame.ts';

const SLAB_BYTES = 256 * 1024;
const encoder = new TextEncoder();
const float = new DataView(new ArrayBuffer(8));

/**
 * Writes frames one after another into slabs of memory that are never written twice, so that a
 * finished frame may be handed on without a copy. `begin`, then fields, then `finish`.
 */
export class PackedWriter {
  readonly #reuses: boolean;
  #slab: Uint8Array;
  #start = 0;
  #at = 0;

  /**
   * @param options.reuses writes each frame over the one before, for whoever has each copied before it begins the next, as
   *   the lanes of a connection do: with long bodies most of the work is otherwise fresh memory
   */
  constructor({ reuses = false }: { readonly reuses?: boolean } = {}) {
    this.#reuses = reuses;
    this.#slab = new Uint8Array(reuses ? FRAME_MAX_BYTES : SLAB_BYTES);
  }

  /** Starts a frame. A frame that was begun and not finished is forgotten. */
  begin(): this {
    if (this.#reuses) this.#start = 0;
    else if (this.#slab.length - this.#start < FRAME_MAX_BYTES) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#start = 0;
    }
    this.#at = this.#start + FRAME_HEADER_BYTES;
    return this;
  }

  u8(value: number): this {
    this.#need(1);
    this.#slab[this.#at++] = value;
    return this;
  }

  u16(value: number): this {
    this.#need(2);
    writeU16(this.#slab, this.#at, value);
    this.#at += 2;
    return this;
  }

  u32(value: number): this {
    this.#need(4);
    writeU32(this.#slab, this.#at, value);
    this.#at += 4;
    return this;
  }

  /** IEEE 754 binary64, big-endian like everything else. */
  f64(value: number): this {
    float.setFloat64(0, value);
    return this.u32(float.getUint32(0)).u32(float.getUint32(4));
  }

  /**
   * A length byte and UTF-8.
   * @param what names it for whoever gave too much
   * @throws QconnError `too_large` over `maxBytes` (at most 255)
   */
  text8(text: string, maxBytes: number, what?: string): this {
    const bytes = this.#text(text, 1, maxBytes, what);
    this.#slab[this.#at] = bytes;
    this.#at += 1 + bytes;
    return this;
  }

  /** Two length bytes and UTF-8. @throws QconnError `too_large` over `maxBytes` */
  text16(text: string, maxBytes: number): this {
    const bytes = this.#text(text, 2, maxBytes);
    writeU16(this.#slab, this.#at, bytes);
    this.#at += 2 + bytes;
    return this;
  }

  /** Two length bytes and bytes as they are. @throws QconnError `too_large` over `maxBytes` */
  bytes16(bytes: Uint8Array, maxBytes: number): this {
    if (bytes.length > maxBytes) throw over(bytes.length, maxBytes);
    return this.u16(bytes.length).raw(bytes);
  }

  /** Bytes as they are, with no length before them. */
  raw(bytes: Uint8Array): this {
    if (bytes.length === 0) return this;
    this.#need(bytes.length);
    this.#slab.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /** Where the next field begins. */
  get at(): number {
    return this.#at;
  }

  /** The first `length` of these bytes: some ten names, for which a loop is quicker than a view and a call. */
  copied(bytes: Uint8Array, length: number): this {
    this.#need(length);
    const slab = this.#slab;
    const at = this.#at;
    for (let index = 0; index < length; index += 1) slab[at + index] = bytes[index] as number;
    this.#at = at + length;
    return this;
  }

  /** Copies what was written of this frame since it stood at `start`. @returns how many bytes */
  copyFrom(start: number, into: Uint8Array): number {
    const slab = this.#slab;
    const length = this.#at - start;
    for (let index = 0; index < length; index += 1) into[index] = slab[start + index] as number;
    return length;
  }

  /**
   * Ends the frame: header in front, body behind.
   * @returns the frame's bytes; nobody writes to them again, unless the writer reuses its memory
   * @throws QconnError `too_large` for a body over 64 KiB
   */
  finish(type: number, id: number, body?: Uint8Array, flags = 0): Uint8Array {
    const bodyBytes = body?.length ?? 0;
    if (bodyBytes > BODY_MAX_BYTES)
      throw new QconnError('too_large', `The body has ${bodyBytes} bytes; the limit is ${BODY_MAX_BYTES}.`);
    const start = this.#start;
    const controlBytes = this.#at - start - FRAME_HEADER_BYTES;
    writeFrameHeader(this.#slab, start, { type, flags, id, controlBytes, bodyBytes });
    if (body !== undefined) this.#slab.set(body, this.#at);
    this.#start = this.#at + bodyBytes;
    return this.#slab.subarray(start, this.#start);
  }

  #text(text: string, lengthBytes: number, maxBytes: number, what?: string): number {
    // UTF-8 takes at least one byte for each UTF-16 unit: longer text is refused before it is encoded.
    if (text.length > maxBytes) throw over(text.length, maxBytes, what);
    this.#need(lengthBytes + Math.min(text.length * 3, maxBytes));
    const bytes = encodeText(text, this.#slab, this.#at + lengthBytes, maxBytes);
    if (bytes < 0) throw over(encoder.encode(text).length, maxBytes, what);
    return bytes;
  }

  #need(bytes: number): void {
    const used = this.#at - this.#start - FRAME_HEADER_BYTES;
    if (used + bytes > CONTROL_MAX_BYTES) throw over(used + bytes, CONTROL_MAX_BYTES);
  }
}

/** Short ASCII is by far the commonest: written unit by unit, which beats a call into the encoder. */
function encodeText(text: string, into: Uint8Array, at: number, maxBytes: number): number {
  if (text.length <= 64) {
    let i = 0;
    for (; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) break;
      into[at + i] = unit;
    }
    if (i === text.length) return i;
  }
  const { read, written } = encoder.encodeInto(text, into.subarray(at, at + maxBytes));
  return read === text.length ? written : -1;
}

function over(bytes: number, limit: number, what = 'A field'): QconnError {
  return new QconnError('too_large', `${what} has ${bytes} bytes; the limit is ${limit}.`);
}
