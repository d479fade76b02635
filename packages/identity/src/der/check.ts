import { DerError } from './der-error.ts';
import { valueAt, type DerValue } from './value.ts';
import { TAG } from './write.ts';

/** Deepest nesting of a certificate or request: 8 in practice; a bound keeps hostile input off the stack. */
const MAX_DEPTH = 16;

/**
 * Checks that the bytes are exactly one DER value: definite minimal lengths, minimal integers and
 * object identifiers, sorted sets, and nothing behind it (X.690, sections 8, 10 and 11).
 * Two encodings of one meaning are what signature and fingerprint tricks are made of.
 * @throws DerError
 */
export function checkDer(bytes: Uint8Array): void {
  const value = valueAt(bytes, 0);
  if (value.raw.length !== bytes.length) throw new DerError('something after its end');
  checkValue(value, 0);
}

function checkValue(value: DerValue, depth: number): void {
  if (depth > MAX_DEPTH) throw new DerError(`nested deeper than ${MAX_DEPTH}`);
  if ((value.tag & 0x20) === 0) {
    checkPrimitive(value);
    return;
  }
  let previous: Uint8Array | undefined;
  for (let offset = 0; offset < value.content.length;) {
    const inner = valueAt(value.content, offset);
    checkValue(inner, depth + 1);
    if (value.tag === TAG.set && previous !== undefined && compareBytes(previous, inner.raw) > 0) {
      throw new DerError('a set that is not sorted');
    }
    previous = inner.raw;
    offset += inner.raw.length;
  }
}

function checkPrimitive({ tag, content }: DerValue): void {
  switch (tag) {
    case TAG.sequence & ~0x20:
    case TAG.set & ~0x20:
      throw new DerError('a primitive sequence or set');
    case TAG.boolean:
      if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw new DerError('a malformed boolean');
      return;
    case TAG.integer:
    case TAG.enumerated:
      checkInteger(content);
      return;
    case TAG.bitString:
      checkBitString(content);
      return;
    case TAG.null:
      if (content.length !== 0) throw new DerError('a malformed null');
      return;
    case TAG.oid:
      checkOid(content);
      return;
    default:
  }
}

function checkInteger(content: Uint8Array): void {
  const [first, second] = content;
  if (first === undefined) throw new DerError('an empty integer');
  if (second === undefined) return;
  if ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))
    throw new DerError('an integer that is not minimal');
}

function checkBitString(content: Uint8Array): void {
  const unused = content[0];
  if (unused === undefined || unused > 7 || (unused > 0 && content.length === 1))
    throw new DerError('a malformed bit string');
  if (((content.at(-1) ?? 0) & ((1 << unused) - 1)) !== 0 && content.length > 1)
    throw new DerError('a bit string with padding set');
}

function checkOid(content: Uint8Array): void {
  if (content.length === 0 || (content.at(-1) ?? 0) >= 0x80) throw new DerError('a malformed object identifier');
  content.forEach((octet, index) => {
    const startsArc = index === 0 || (content[index - 1] ?? 0) < 0x80;
    if (startsArc && octet === 0x80) throw new DerError('an object identifier that is not minimal');
  });
}

/** Order of a DER set: bytewise, a prefix first (X.690, section 11.6). */
function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
