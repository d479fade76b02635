import { QconnError } from '@qconn/protocol';
import { maySignCertificates, type ParsedCertificate } from '../x509/read-certificate.ts';
import { PURPOSE_OID, type Purpose } from './leaf.ts';

/**
 * Checks the dates of a whole path, and that every issuer in it may issue what is below it: is a CA,
 * within its path length, for this purpose, without constraints that we do not understand (RFC 5280,
 * section 6.1.4).
 * @throws QconnError certificate_expired, certificate_rejected
 */
export function checkIssuers(
  leaf: ParsedCertificate,
  issuers: readonly ParsedCertificate[],
  purpose: Purpose,
  now: number,
): void {
  issuers.forEach((issuer, below) => {
    const { pathLength, purposes, unknownCritical } = issuer.extensions;
    if (!maySignCertificates(issuer) || (pathLength ?? Infinity) < below)
      throw rejected('A certificate of the chain may not sign what is below it');
    if (purposes?.includes(PURPOSE_OID[purpose]) === false)
      throw rejected(`A CA of the chain may not issue a ${purpose}’s certificate`);
    if (unknownCritical.length > 0)
      throw rejected(`A CA of the chain has the unknown critical extension ${unknownCritical.join(', ')}`);
  });
  [leaf, ...issuers].forEach((certificate, index) =>
    checkDates(certificate, now, index === 0 ? 'The certificate' : 'A CA’s certificate'),
  );
}

function checkDates({ notBeforeMs, notAfterMs }: ParsedCertificate, now: number, whose: string): void {
  if (now < notBeforeMs) {
    const message = `${whose} is not valid before ${new Date(notBeforeMs).toISOString()}; the clock here says ${new Date(now).toISOString()}.`;
    throw new QconnError('certificate_expired', message, { facts: { notBeforeMs } });
  }
  // The last second is part of the validity (section 4.1.2.5).
  if (now >= notAfterMs + 1_000) {
    throw new QconnError('certificate_expired', `${whose} expired at ${new Date(notAfterMs).toISOString()}.`, {
      facts: { notAfterMs },
    });
  }
}

function rejected(what: string): QconnError {
  return new QconnError('certificate_rejected', `${what}.`);
}
