import { X509Certificate } from 'node:crypto';
import { sameBytes, type ParsedCertificate } from '../x509/read-certificate.ts';

/**
 * Signature algorithms that are accepted in a chain (RFC 5758, RFC 4055): none with SHA-1 or MD5,
 * whose collisions forge certificates.
 */
const ACCEPTED: ReadonlySet<string> = new Set([
  '1.2.840.10045.4.3.2', // ecdsa-with-SHA256, -SHA384, -SHA512
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
  '1.2.840.113549.1.1.11', // sha256-, sha384-, sha512WithRSAEncryption
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
]);

/** RSA keys below this many bits can be factored. */
const RSA_BITS_MIN = 2048;

/** Whether one certificate was issued by another: names match, and the signature is good (RFC 5280, section 6.1.3). */
export function signedBy(certificate: ParsedCertificate, issuer: ParsedCertificate): boolean {
  if (!sameBytes(certificate.issuer, issuer.subject) || !ACCEPTED.has(certificate.signatureAlgorithm)) return false;
  try {
    const { publicKey } = new X509Certificate(issuer.der);
    if ((publicKey.asymmetricKeyDetails?.modulusLength ?? RSA_BITS_MIN) < RSA_BITS_MIN) return false;
    return new X509Certificate(certificate.der).verify(publicKey);
  } catch {
    return false; // OpenSSL cannot make sense of one of them, or of its key.
  }
}
