import { verify, type KeyObject } from 'node:crypto';
import { publicKeyObject } from '../keys.ts';
import { sameBytes, type ParsedCertificate } from './read-certificate.ts';

/**
 * Signature algorithms that are accepted in a chain, with their digest (RFC 5758, RFC 4055): none with
 * SHA-1 or MD5, whose collisions forge certificates.
 */
const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['1.2.840.10045.4.3.2', 'sha256'], // ecdsa-with-SHA256, -SHA384, -SHA512
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.2.840.113549.1.1.11', 'sha256'], // sha256-, sha384-, sha512WithRSAEncryption
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
]);

/** RSA keys below this many bits can be factored. */
const RSA_BITS_MIN = 2048;

/** Reading an issuer's key costs as much as half a signature check, and the issuers are always the same few. */
const issuerKeys = new WeakMap<ParsedCertificate, KeyObject>();

/** Whether one certificate was issued by another: names match, and the signature is good (RFC 5280, section 6.1.3). */
export function signedBy(certificate: ParsedCertificate, issuer: ParsedCertificate): boolean {
  const digest = DIGESTS.get(certificate.signatureAlgorithm);
  if (digest === undefined || !sameBytes(certificate.issuer, issuer.subject)) return false;
  const key = issuerKeys.get(issuer) ?? readIssuerKey(issuer);
  return key !== undefined && verify(digest, certificate.signed, key, certificate.signature);
}

function readIssuerKey(issuer: ParsedCertificate): KeyObject | undefined {
  const key = publicKeyObject(issuer.spki);
  if (key === undefined || (key.asymmetricKeyDetails?.modulusLength ?? RSA_BITS_MIN) < RSA_BITS_MIN) return undefined;
  issuerKeys.set(issuer, key);
  return key;
}
