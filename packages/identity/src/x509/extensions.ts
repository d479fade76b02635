import { createHash } from 'node:crypto';
import { oid, OID } from '../der/oid.ts';
import { booleanTrue, contextPrimitive, octetString, sequence, smallInteger, tlv, TAG } from '../der/write.ts';
import { readSpkiBits } from './spki.ts';

/** One X.509 extension, DER (RFC 5280, section 4.1.2.9). */
export type Extension = Uint8Array;

/** A name that a certificate is for (RFC 5280, section 4.2.1.6). */
export type AltName = { readonly uri: string } | { readonly dns: string } | { readonly ip: Uint8Array };

export function extension(type: string, critical: boolean, value: Uint8Array): Extension {
  return critical ? sequence(oid(type), booleanTrue(), octetString(value)) : sequence(oid(type), octetString(value));
}

/** May sign certificates, at most `pathLength` further CAs below it (section 4.2.1.9, critical). */
export function caConstraint(pathLength: number): Extension {
  return extension(OID.basicConstraints, true, sequence(booleanTrue(), smallInteger(pathLength)));
}

/** May not sign certificates. */
export function leafConstraint(): Extension {
  return extension(OID.basicConstraints, true, sequence());
}

/** keyCertSign and cRLSign (section 4.2.1.3, critical). Bits 5 and 6; DER drops trailing zero bits. */
export function caKeyUsage(): Extension {
  return extension(OID.keyUsage, true, tlv(TAG.bitString, Uint8Array.of(1, 0b0000_0110)));
}

/** digitalSignature only: ECDSA keys in TLS 1.3 sign and do nothing else. Bit 0. */
export function leafKeyUsage(): Extension {
  return extension(OID.keyUsage, true, tlv(TAG.bitString, Uint8Array.of(7, 0b1000_0000)));
}

/** Purposes (section 4.2.1.12). */
export function extendedKeyUsage(...purposes: readonly string[]): Extension {
  return extension(OID.extendedKeyUsage, false, sequence(...purposes.map(oid)));
}

/** Not critical, because the subject is not empty (section 4.2.1.6). */
export function subjectAltName(names: readonly AltName[]): Extension {
  return extension(OID.subjectAltName, false, sequence(...names.map(generalName)));
}

export function subjectKeyIdentifier(spki: Uint8Array): Extension {
  return extension(OID.subjectKeyIdentifier, false, octetString(keyIdentifier(spki)));
}

/** @param keyId the issuer's key identifier, exactly as its own certificate states it */
export function authorityKeyIdentifier(keyId: Uint8Array): Extension {
  return extension(OID.authorityKeyIdentifier, false, sequence(contextPrimitive(0, keyId)));
}

/**
 * Leftmost 160 bits of the SHA-256 of the public key's bits (RFC 7093, section 2, method 1): as good a
 * label as the SHA-1 of RFC 5280, without SHA-1.
 */
export function keyIdentifier(spki: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(readSpkiBits(spki)).digest().subarray(0, 20));
}

function generalName(name: AltName): Uint8Array {
  const ascii = new TextEncoder();
  if ('uri' in name) return contextPrimitive(6, ascii.encode(name.uri));
  if ('dns' in name) return contextPrimitive(2, ascii.encode(name.dns));
  return contextPrimitive(7, name.ip);
}
