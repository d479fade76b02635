/** A frame of HTTP/3 (RFC 9114, section 7.1). */
export interface H3Frame {
  readonly type: number;
  /** Bytes that it takes up, type and length included. */
  readonly bytes: number;
}

export const HEADERS = 0x01;

/** The frame at the beginning of the bytes; `undefined` while it is not whole. */
export function readFrame(bytes: Buffer): H3Frame | undefined {
  const type = readNumber(bytes, 0);
  const length = type && readNumber(bytes, type.end);
  if (length === undefined) return undefined;
  const end = length.end + length.value;
  if (bytes.length < end) return undefined;
  return { type: type?.value ?? 0, bytes: end };
}

/** A variable-length integer of at most four bytes (RFC 9000, section 16): no frame here is longer. */
function readNumber(bytes: Buffer, start: number): { value: number; end: number } | undefined {
  const first = bytes[start];
  if (first === undefined) return undefined;
  const size = 2 ** (first >> 6);
  if (size > 4) throw new RangeError('a frame of HTTP/3 gives its length in eight bytes');
  if (bytes.length < start + size) return undefined;
  return { value: bytes.readUIntBE(start, size) % 2 ** (8 * size - 2), end: start + size };
}
