import { verify, type KeyObject } from 'node:crypto';
import { publicKeyObject } from '../keys.ts';
import { sameBytes, type ParsedCertificate } from './read-certificate.ts';

interface Scheme {
  readonly keyType: 'ec' | 'rsa';
  readonly digest: string;
}

/**
 * Signature algorithms that are accepted in a chain (RFC 5758, RFC 4055): none with SHA-1 or MD5, whose
 * collisions forge certificates. The key must be of the algorithm's type.
 */
const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ['1.2.840.10045.4.3.2', { keyType: 'ec', digest: 'sha256' }],
  ['1.2.840.10045.4.3.3', { keyType: 'ec', digest: 'sha384' }],
  ['1.2.840.10045.4.3.4', { keyType: 'ec', digest: 'sha512' }],
  ['1.2.840.113549.1.1.11', { keyType: 'rsa', digest: 'sha256' }],
  ['1.2.840.113549.1.1.12', { keyType: 'rsa', digest: 'sha384' }],
  ['1.2.840.113549.1.1.13', { keyType: 'rsa', digest: 'sha512' }],
]);

/** RSA keys below this many bits can be factored; keys above it only serve to keep us computing. */
const RSA_BITS_MIN = 2_048;
const RSA_BITS_MAX = 8_192;

/** Reading an issuer's key costs as much as half a signature check, and the issuers are always the same few. */
const issuerKeys = new WeakMap<ParsedCertificate, KeyObject>();

/** Whether one certificate was issued by another: names match, and the signature is good (RFC 5280, section 6.1.3). */
export function signedBy(certificate: ParsedCertificate, issuer: ParsedCertificate): boolean {
  const scheme = SCHEMES.get(certificate.signatureAlgorithm);
  if (scheme === undefined || !sameBytes(certificate.issuer, issuer.subject)) return false;
  const key = issuerKeys.get(issuer) ?? readIssuerKey(issuer);
  return (
    key?.asymmetricKeyType === scheme.keyType && verify(scheme.digest, certificate.signed, key, certificate.signature)
  );
}

function readIssuerKey(issuer: ParsedCertificate): KeyObject | undefined {
  const key = publicKeyObject(issuer.spki);
  const rsaBits = key?.asymmetricKeyDetails?.modulusLength ?? RSA_BITS_MIN;
  if (key === undefined || rsaBits < RSA_BITS_MIN || rsaBits > RSA_BITS_MAX) return undefined;
  issuerKeys.set(issuer, key);
  return key;
}
