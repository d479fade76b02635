/** Random bytes of a given length: `crypto.getRandomValues` in programs, a seeded source in tests. */
export type RandomBytes = (length: number) => Uint8Array;

export const systemRandom: RandomBytes = (length) => globalThis.crypto.getRandomValues(new Uint8Array(length));

const SERIAL_BYTES = 16;

/**
 * A positive 128-bit random serial number: unguessable, and unique without a counter (CA/Browser Forum
 * Baseline Requirements, section 7.1, ask for 64 bits). The first byte is never zero, so that every
 * serial is written with the same 32 hex digits everywhere.
 */
export function randomSerial(random: RandomBytes): Uint8Array {
  let serial = random(SERIAL_BYTES);
  while (serial[0] === 0) serial = random(SERIAL_BYTES);
  return serial;
}
