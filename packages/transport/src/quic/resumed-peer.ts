import { X509Certificate } from 'node:crypto';
import { QconnError } from '@qconn/protocol';

/**
 * Checks the certificates that a session ticket vouches for. TLS does not verify them again when a session
 * is resumed (RFC 8446, section 2.2), so that a ticket would outlive its certificate, and the root that
 * was trusted when it was issued (spire#6715).
 * @param certificates in DER, leaf first
 * @param now milliseconds since 1970
 * @returns why the peer is refused; `undefined` when it may go on
 */
export function refusalOfResumed(
  certificates: readonly Uint8Array[],
  trustPem: readonly string[],
  now: number,
): QconnError | undefined {
  if (certificates.length === 0) return new QconnError('certificate_required');
  const chain = certificates.map((der) => new X509Certificate(der));
  const roots = rootsOf(trustPem);
  if (chain.some((certificate) => !validAt(certificate, now))) return new QconnError('certificate_expired');
  const linked = chain.every(
    (certificate, index) => index + 1 === chain.length || issuedBy(certificate, chain[index + 1]),
  );
  const anchored = roots.some((root) => validAt(root, now) && issuedBy(chain.at(-1), root));
  return linked && anchored ? undefined : new QconnError('certificate_untrusted');
}

/** Roots are read once for each bundle, not for each connection. */
const ROOTS = new WeakMap<readonly string[], readonly X509Certificate[]>();

function rootsOf(trustPem: readonly string[]): readonly X509Certificate[] {
  const known = ROOTS.get(trustPem);
  if (known !== undefined) return known;
  const roots = trustPem.flatMap(blocksOf).map((pem) => new X509Certificate(pem));
  ROOTS.set(trustPem, roots);
  return roots;
}

function validAt(certificate: X509Certificate, now: number): boolean {
  return Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo);
}

function issuedBy(certificate: X509Certificate | undefined, issuer: X509Certificate | undefined): boolean {
  if (certificate === undefined || issuer === undefined) return false;
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function blocksOf(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
}
