import { createHash } from 'node:crypto';
import { bech32m } from '@scure/base';
import { QconnError } from '@qconn/protocol';

/** Bytes of the SHA-256 that make a fingerprint: 160 bits, so that finding another key with it takes 2^160 tries. */
const FINGERPRINT_BYTES = 20;
const PREFIX = 'qc';

/**
 * A machine's fingerprint: SHA-256 of its public key (SubjectPublicKeyInfo DER), truncated to 20
 * bytes, bech32m (BIP 350) with prefix `qc`. It belongs to the key and never to certificate bytes:
 * see docs/adr/0003-fingerprint-of-the-key.md.
 */
export function fingerprintOf(spkiDer: Uint8Array): string {
  const digest = createHash('sha256').update(spkiDer).digest();
  return bech32m.encode(PREFIX, bech32m.toWords(digest.subarray(0, FINGERPRINT_BYTES)));
}

/**
 * The 20 bytes of a fingerprint. Only the canonical, lower-case form is accepted, so that equal
 * machines are equal strings.
 * @throws QconnError fingerprint_malformed
 */
export function parseFingerprint(text: string): Uint8Array {
  const bytes = /^qc1[02-9ac-hj-np-z]{38}$/.test(text) ? bech32m.decodeUnsafe(text) : undefined;
  const payload = bytes === undefined ? undefined : bech32m.fromWordsUnsafe(bytes.words);
  if (!(payload instanceof Uint8Array) || payload.length !== FINGERPRINT_BYTES)
    throw new QconnError('fingerprint_malformed');
  return payload;
}

/** Whether the text is a fingerprint: what tells one from a hostname in an address. */
export function isFingerprint(text: string): boolean {
  try {
    parseFingerprint(text);
    return true;
  } catch {
    return false;
  }
}
