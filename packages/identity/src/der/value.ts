import { DerError } from './der-error.ts';

/** One value: its tag, its contents, and tag, length and contents together. Views, not copies. */
export interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly raw: Uint8Array;
}

/**
 * The value at an offset: a single-octet tag and a definite, minimal length (X.690, section 10.1).
 * @throws DerError
 */
export function valueAt(bytes: Uint8Array, offset: number): DerValue {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw new DerError('truncated');
  if ((tag & 0x1f) === 0x1f) throw new DerError('a tag of several octets');
  const octets = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80) throw new DerError('an indefinite length');
  if (octets > 4) throw new DerError('a length of more than 4 octets');
  const start = offset + 2 + octets;
  const length = first < 0x80 ? first : longLength(bytes.subarray(offset + 2, start), octets);
  if (start + length > bytes.length) throw new DerError('truncated');
  return { tag, content: bytes.subarray(start, start + length), raw: bytes.subarray(offset, start + length) };
}

function longLength(octets: Uint8Array, expected: number): number {
  if (octets.length < expected) throw new DerError('truncated');
  const length = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  if (length < 0x80 || octets[0] === 0) throw new DerError('a length that is not minimal');
  return length;
}
