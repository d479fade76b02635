import { OID } from '../der/oid.ts';
import { readDer } from '../der/read.ts';
import { TAG } from '../der/write.ts';
import type { ParsedCertificate } from './read-certificate.ts';

/** Bit 5 of the first octet of a key usage (RFC 5280, section 4.2.1.3). */
const KEY_CERT_SIGN = 0b0000_0100;

/**
 * Whether the certificate may sign certificates: basic constraints say so, and key usage does not say
 * otherwise (RFC 5280, sections 4.2.1.3 and 4.2.1.9).
 * @throws DerError
 */
export function isCertificateAuthority(certificate: ParsedCertificate): boolean {
  return basicConstraints(certificate).ca && ((keyUsage(certificate) ?? KEY_CERT_SIGN) & KEY_CERT_SIGN) !== 0;
}

/**
 * How many CAs may stand between this one and a leaf, if it says so.
 * @throws DerError
 */
export function pathLengthOf(certificate: ParsedCertificate): number | undefined {
  return basicConstraints(certificate).pathLength;
}

function basicConstraints(certificate: ParsedCertificate): { ca: boolean; pathLength: number | undefined } {
  const stated = certificate.extensions.get(OID.basicConstraints);
  if (stated === undefined) return { ca: false, pathLength: undefined };
  const constraints = readDer(stated.value).enter(TAG.sequence, 'basic constraints');
  const ca = constraints.optional(TAG.boolean, 'cA')?.content[0] === 0xff;
  const pathLength = constraints.optional(TAG.integer, 'pathLenConstraint')?.content;
  constraints.end('basic constraints');
  return {
    ca,
    pathLength: pathLength === undefined ? undefined : Number(`0x${Buffer.from(pathLength).toString('hex')}`),
  };
}

/** The first octet of key usage, which holds every bit in use, if it is stated. */
function keyUsage(certificate: ParsedCertificate): number | undefined {
  const stated = certificate.extensions.get(OID.keyUsage);
  return stated === undefined ? undefined : (readDer(stated.value).expect(TAG.bitString, 'key usage').content[1] ?? 0);
}
