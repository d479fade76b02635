import { QconnError } from '@qconn/protocol';
import { BACKDATE_MAX_MS, BACKDATE_MIN_MS, MACHINE_VALIDITY_MAX_MS, MACHINE_VALIDITY_MIN_MS } from '../limits.ts';

/** From when until when a certificate is valid, epoch milliseconds in whole seconds. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/**
 * The validity of a new certificate: starts a little in the past for peers whose clock is behind (a
 * 24th of the validity, between a minute and an hour, so that a short one does not begin mostly
 * spent) and lies within its issuer's.
 * @throws QconnError ca_unusable when the issuer is not valid now
 */
export function validityWithin(issuer: Validity | undefined, nowMs: number, validityMs: number): Validity {
  const backdateMs = Math.min(BACKDATE_MAX_MS, Math.max(BACKDATE_MIN_MS, validityMs / 24));
  const notBeforeMs = wholeSecond(nowMs - backdateMs);
  const notAfterMs = wholeSecond(nowMs + validityMs);
  if (issuer === undefined) return { notBeforeMs, notAfterMs };
  if (nowMs < issuer.notBeforeMs || nowMs >= issuer.notAfterMs) {
    throw new QconnError('ca_unusable', 'The issuing CA’s certificate is not valid now.', {
      facts: { notAfter: new Date(issuer.notAfterMs).toISOString() },
    });
  }
  return {
    notBeforeMs: Math.max(notBeforeMs, issuer.notBeforeMs),
    notAfterMs: Math.min(notAfterMs, issuer.notAfterMs),
  };
}

/**
 * A leaf's validity in milliseconds, if it is one.
 * @throws QconnError invalid_request
 */
export function checkedValidity(validityMs: number): number {
  if (validityMs >= MACHINE_VALIDITY_MIN_MS && validityMs <= MACHINE_VALIDITY_MAX_MS) return validityMs;
  throw new QconnError('invalid_request', 'A certificate is valid for at least 1 minute and at most 45 days.', {
    facts: { validityMs },
  });
}

function wholeSecond(epochMs: number): number {
  return Math.floor(epochMs / 1_000) * 1_000;
}
