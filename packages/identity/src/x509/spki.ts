import { createHash } from 'node:crypto';
import { DerReader } from '../der/read.ts';
import { TAG } from '../der/write.ts';

/** The key's own bits within a SubjectPublicKeyInfo (RFC 5280, section 4.1): what key identifiers hash. */
export function readSpkiBits(spki: Uint8Array): Uint8Array {
  const info = new DerReader(spki).enter(TAG.sequence, 'the public key');
  info.expect(TAG.sequence, 'the key algorithm');
  return info.expect(TAG.bitString, 'the key').content.subarray(1);
}

/** A pin: SHA-256 of a SubjectPublicKeyInfo, 32 bytes, as in RFC 7469, section 2.4. */
export function pinOfSpki(spki: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(spki).digest());
}

/** The same as text, for databases and people. */
export function pinHex(spki: Uint8Array): string {
  return Buffer.from(pinOfSpki(spki)).toString('hex');
}
