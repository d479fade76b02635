/** A message of the relay benchmark: its length in all, who it is, and a body. */
export const FRAME_BYTES = 8 + 256;

/** Cuts frames of one size out of a byte stream. */
export function frames(take: (frame: Uint8Array) => void): (chunk: Uint8Array) => void {
  let rest: Uint8Array = new Uint8Array(0);
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (; bytes.length - start >= FRAME_BYTES; start += FRAME_BYTES) take(bytes.subarray(start, start + FRAME_BYTES));
    rest = bytes.subarray(start);
  };
}
