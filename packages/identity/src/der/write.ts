/**
 * Writes DER (ITU-T X.690). Only what certificates, requests and revocation lists need; the same
 * input always gives the same bytes.
 */

/** Tags of the types in use, universal class (X.680, section 8.6). */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

/** One value: tag, definite minimal length, contents. */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return concat([Uint8Array.of(tag, ...lengthOctets(length)), ...parts]);
}

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return tlv(TAG.sequence, ...parts);
}

export function set(...parts: readonly Uint8Array[]): Uint8Array {
  return tlv(TAG.set, ...parts);
}

/** Context-specific constructed tag, for `[n] EXPLICIT` and constructed `[n] IMPLICIT`. */
export function context(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return tlv(0xa0 | number, ...parts);
}

/** Context-specific primitive tag, for `[n] IMPLICIT` of a primitive type. */
export function contextPrimitive(number: number, content: Uint8Array): Uint8Array {
  return tlv(0x80 | number, content);
}

/** A non-negative INTEGER from its big-endian bytes. */
export function integer(bigEndian: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bigEndian.length - 1 && bigEndian[start] === 0) start += 1;
  const minimal = bigEndian.subarray(start);
  const negative = ((minimal[0] ?? 0) & 0x80) !== 0;
  return tlv(
    TAG.integer,
    negative ? Uint8Array.of(0) : new Uint8Array(),
    minimal.length === 0 ? Uint8Array.of(0) : minimal,
  );
}

/** A small non-negative INTEGER. */
export function smallInteger(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return integer(Uint8Array.from(bytes));
}

export function octetString(...parts: readonly Uint8Array[]): Uint8Array {
  return tlv(TAG.octetString, ...parts);
}

/** A BIT STRING of whole bytes. */
export function bitString(bytes: Uint8Array): Uint8Array {
  return tlv(TAG.bitString, Uint8Array.of(0), bytes);
}

export function text(tag: number, value: string): Uint8Array {
  return tlv(tag, new TextEncoder().encode(value));
}

/** TRUE. FALSE is every DEFAULT here, and DER leaves defaults out (X.690, section 11.5). */
export function booleanTrue(): Uint8Array {
  return tlv(TAG.boolean, Uint8Array.of(0xff));
}

/** Time of a certificate: UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280, section 4.1.2.5). */
export function time(epochMs: number): Uint8Array {
  const digits = new Date(epochMs)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  return Number(digits.slice(0, 4)) < 2050 ? text(TAG.utcTime, digits.slice(2)) : text(TAG.generalizedTime, digits);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}
