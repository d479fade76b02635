import { atMost } from './map-fields.ts';

/** Most bytes of one certificate: a P-256 leaf has 600, an RSA-4096 root of somebody's own CA 2,000. */
export const CERTIFICATE_MAX_BYTES = 4096;

/** Most certificates in a chain, and most roots: the one in force, the one before, the one to come. */
export const CERTIFICATES_MAX = 4;

/** @throws QconnError `too_large` */
export function checkCertificates(certificates: readonly Uint8Array[]): readonly Uint8Array[] {
  atMost(CERTIFICATES_MAX, certificates.length, 'certificates');
  for (const certificate of certificates) atMost(CERTIFICATE_MAX_BYTES, certificate.length, 'bytes of certificate');
  return certificates;
}
