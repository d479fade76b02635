import { QconnError } from '@qconn/protocol';
import { fingerprintOf } from './fingerprint.ts';
import { decodePem } from './pem.ts';
import { readUntrustedCertificate } from './x509/untrusted-certificate.ts';

/** What a certificate says of itself. Nobody has vouched for it: see `verifyChain`. */
export interface CertificateFacts {
  /** Of its key. */
  readonly fingerprint: string;
  /** Lower-case hex; 32 digits for certificates of qconn's own. */
  readonly serial: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SubjectPublicKeyInfo DER. */
  readonly spki: Uint8Array;
}

/**
 * Reads a certificate, given as DER or as one PEM block.
 * @throws QconnError certificate_rejected
 */
export function inspectCertificate(certificate: Uint8Array | string): CertificateFacts {
  const { serial, notBeforeMs, notAfterMs, spki } = readUntrustedCertificate(
    typeof certificate === 'string' ? onlyBlock(certificate) : certificate,
  );
  return { fingerprint: fingerprintOf(spki), serial, notBeforeMs, notAfterMs, spki: spki.slice() };
}

/**
 * The fingerprint of a certificate's key. Says whose key it is, not that anybody vouches for it.
 * @throws QconnError certificate_rejected
 */
export function fingerprintOfCertificate(der: Uint8Array): string {
  return inspectCertificate(der).fingerprint;
}

function onlyBlock(pem: string): Uint8Array {
  const [der, ...more] = decodePem('CERTIFICATE', pem) ?? [];
  if (der === undefined || more.length > 0)
    throw new QconnError('certificate_rejected', 'That is not one certificate in PEM.');
  return der;
}
