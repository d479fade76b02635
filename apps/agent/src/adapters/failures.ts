import { QconnError } from '@qconn/protocol';

/** Nothing has been done. */
export function refused(message: string, cause?: unknown): QconnError {
  return new QconnError('rejected', message, { cause });
}

/** Part of the job may have been done. */
export function failed(message: string, cause?: unknown): QconnError {
  return new QconnError('handler_failed', message, { cause });
}

/** The job's signal fired. */
export function cancelled(signal: AbortSignal): QconnError {
  return new QconnError('cancelled', 'The job was cancelled.', { cause: signal.reason });
}

/** @throws QconnError `cancelled` */
export function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw cancelled(signal);
}

/** What a system error means, in words that follow a subject: `refused the connection`. */
export function systemErrorInWords(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  if (CERTIFICATE.test(code)) return `cannot be used: this system does not trust its certificate (${code})`;
  return WORDS[code] ?? `failed (${code || error.message})`;
}

/** OpenSSL's and Node's codes for a certificate that does not verify. */
const CERTIFICATE = /CERT|ISSUER|LEAF_SIGNATURE/;

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection: nothing listens there',
  ECONNRESET: 'broke the connection off',
  EPIPE: 'closed the connection before it had taken everything',
  EHOSTUNREACH: 'cannot be reached: no such host on this network',
  ENETUNREACH: 'cannot be reached: no route to that network',
  ETIMEDOUT: 'did not answer',
  ENOTFOUND: 'cannot be reached: the host name does not resolve',
  EAI_AGAIN: 'cannot be reached: the host name does not resolve now',
  EACCES: 'cannot be used: permission denied',
  EPERM: 'cannot be used: operation not permitted',
  EROFS: 'cannot be written: the file system is read-only',
  ENOSPC: 'cannot be written: the disk is full',
  EDQUOT: 'cannot be written: the disk quota is used up',
  EFBIG: 'cannot be written: a file may not become that large',
};
