/** OpenSSL's words, as Node passes them on. */
const CODES: ReadonlySet<unknown> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

/** Whether a TLS connection failed over a certificate that is good at another time: then one of two clocks may be wrong. */
export function isWrongTime(error: unknown): boolean {
  return error instanceof Error && 'code' in error && CODES.has(error.code);
}
