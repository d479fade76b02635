import { fingerprintOf } from './fingerprint.ts';
import { readUntrustedCertificate } from './x509/untrusted-certificate.ts';

/**
 * The fingerprint of a certificate's key. Says whose key it is, not that anybody vouches for it.
 * @throws QconnError certificate_rejected
 */
export function fingerprintOfCertificate(der: Uint8Array): string {
  return fingerprintOf(readUntrustedCertificate(der).spki);
}
