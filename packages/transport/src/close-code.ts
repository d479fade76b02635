import { QconnError, REASON_MAX_BYTES, errorCodeOfWire } from '@qconn/protocol';

/** The error behind an application close code (a wire number of the error table) and its reason. */
export function errorOfClose(code: number, reason: string): QconnError {
  const known = errorCodeOfWire(code);
  if (known !== undefined) return new QconnError(known, reason === '' ? undefined : reason);
  return new QconnError('closed', reason === '' ? `The connection was closed with the unknown code ${code}.` : reason, {
    facts: { code },
  });
}

/** A reason cut to its limit without splitting a character (RFC 3629). */
export function boundedReason(reason: string): Uint8Array {
  const bytes = Buffer.from(reason);
  if (bytes.length <= REASON_MAX_BYTES) return bytes;
  let end = REASON_MAX_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}
