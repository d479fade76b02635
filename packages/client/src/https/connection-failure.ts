import { isWrongTime } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';

/** OpenSSL's words for a certificate that is not the hub's. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Turns what Node reports of a failed HTTPS connection into the error that tells a person what to do. */
export function connectionFailure(error: Error, url: URL): QconnError {
  if (error instanceof QconnError) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (isWrongTime(error)) {
    return new QconnError(
      'certificate_expired',
      `The certificate of ${url.host} is not valid at this time; check the clocks of both sides.`,
      { cause: error },
    );
  }
  if (UNTRUSTED.has(code))
    return new QconnError('hub_untrusted', `The certificate of ${url.host} does not verify: ${error.message}.`, {
      cause: error,
    });
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new QconnError('unreachable', `The host name ${url.hostname} does not resolve.`, { cause: error });
  if (code === 'ECONNREFUSED')
    return new QconnError('unreachable', `Nothing listens at ${url.host} (connection refused).`, { cause: error });
  if (code.startsWith('ERR_SSL') || code === 'EPROTO')
    return new QconnError(
      'unreachable',
      `${url.host} does not speak TLS 1.3: it is not a qconn hub, or something answers in its place.`,
      { cause: error },
    );
  return new QconnError('unreachable', `${url.host} cannot be reached: ${error.message}.`, { cause: error });
}
