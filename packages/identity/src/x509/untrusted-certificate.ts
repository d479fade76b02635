import { isQconnError, QconnError } from '@qconn/protocol';
import { DerError } from '../der/der-error.ts';
import { CERTIFICATE_MAX_BYTES } from '../limits.ts';
import { readCertificate, type ParsedCertificate } from './read-certificate.ts';

/**
 * Reads a certificate that somebody else sent.
 * @throws QconnError certificate_rejected when it is too long or not a readable certificate
 */
export function readUntrustedCertificate(der: Uint8Array): ParsedCertificate {
  if (der.length > CERTIFICATE_MAX_BYTES)
    throw new QconnError('certificate_rejected', `The certificate is over ${CERTIFICATE_MAX_BYTES} bytes.`);
  try {
    return readCertificate(der);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new QconnError('certificate_rejected', `The certificate cannot be read: ${error.message}.`);
  }
}

/**
 * Reads what a peer sent along with its own certificate. What cannot be read cannot help to find a path,
 * and is passed over.
 */
export function readAccompanying(ders: readonly Uint8Array[]): readonly ParsedCertificate[] {
  return ders.flatMap((der) => {
    try {
      return [readUntrustedCertificate(der)];
    } catch (error) {
      if (isQconnError(error)) return [];
      throw error;
    }
  });
}
