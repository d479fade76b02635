import { QconnError, type ErrorCode } from '@qconn/protocol';

/** TLS alerts travel as QUIC transport errors from here on (RFC 9001, section 4.8). */
const CRYPTO_ERROR_FIRST = 0x100;
const CRYPTO_ERROR_LAST = 0x1ff;

/** What an alert about a certificate says of that certificate (RFC 8446, section 6.2). */
const CERTIFICATE_ALERTS: Readonly<Record<number, { readonly code: ErrorCode; readonly says: string }>> = {
  41: { code: 'certificate_required', says: 'no certificate was presented' },
  42: { code: 'certificate_rejected', says: 'the certificate is malformed or not for this name or use' },
  43: { code: 'certificate_rejected', says: 'the certificate is of an unsupported type' },
  44: { code: 'revoked', says: 'the certificate has been revoked' },
  45: { code: 'certificate_expired', says: 'the certificate has expired or is not valid yet' },
  46: { code: 'certificate_rejected', says: 'the certificate is not acceptable' },
  48: { code: 'certificate_untrusted', says: 'the certificate leads to no trusted CA' },
  51: { code: 'certificate_rejected', says: 'the handshake is not signed by the certificate’s key' },
  116: { code: 'certificate_required', says: 'no certificate was presented' },
};

const NO_APPLICATION_PROTOCOL = 120;
const CERTIFICATE_EXPIRED = 45;

/** Which side's certificate an alert is about, and which side noticed. */
export interface AlertContext {
  readonly role: 'client' | 'server';
  /** `local` when this side raised the alert, `peer` when it was told. */
  readonly raisedBy: 'local' | 'peer';
  /** Which server a client dialled, for people. */
  readonly server?: string | undefined;
}

/** True for a transport error that carries a TLS alert. */
export function isTlsAlert(transportCode: number): boolean {
  return transportCode >= CRYPTO_ERROR_FIRST && transportCode <= CRYPTO_ERROR_LAST;
}

/**
 * The error to report for a TLS alert. About the client's certificate either side reports what is wrong
 * with it; about the server's certificate both report `hub_untrusted`, with
 * the fact `aboutTime` where one of the two clocks may be to blame.
 */
export function errorOfAlert(transportCode: number, { role, raisedBy, server }: AlertContext): QconnError {
  const alert = transportCode - CRYPTO_ERROR_FIRST;
  const facts = { tlsAlert: alert };
  if (alert === NO_APPLICATION_PROTOCOL) return new QconnError('no_alpn', undefined, { facts });
  const certificate = CERTIFICATE_ALERTS[alert];
  if (certificate === undefined)
    return new QconnError('closed', `The TLS handshake failed with alert ${alert}.`, { facts });
  const aboutServer = (role === 'client') === (raisedBy === 'local');
  const refused = `${server === undefined ? 'The' : `At ${server} the`} server’s certificate does not verify:`;
  if (aboutServer && alert === CERTIFICATE_EXPIRED)
    return new QconnError('hub_untrusted', `${refused} by the client’s clock it has expired or is not valid yet.`, {
      facts: { ...facts, aboutTime: true },
    });
  if (aboutServer) return new QconnError('hub_untrusted', `${refused} ${certificate.says}.`, { facts });
  return new QconnError(certificate.code, `The client’s certificate was refused: ${certificate.says}.`, { facts });
}
