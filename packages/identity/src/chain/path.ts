import { INTERMEDIATES_MAX } from '../limits.ts';
import type { TrustBundle } from '../trust-bundle.ts';
import { maySignCertificates, type ParsedCertificate } from '../x509/read-certificate.ts';
import { signedBy } from '../x509/signed-by.ts';

/**
 * The issuers of a certificate, from its own up to a root of the bundle, every signature checked.
 * `undefined` when there is no such path. What they are allowed and whether they have expired is
 * checked afterwards.
 * @param intermediates at most {@link INTERMEDIATES_MAX}
 */
export function findIssuers(
  certificate: ParsedCertificate,
  intermediates: readonly ParsedCertificate[],
  roots: TrustBundle,
): readonly ParsedCertificate[] | undefined {
  // Of two certificates of one CA, the one that lasts longer leads.
  const untried = new Set(intermediates.slice(0, INTERMEDIATES_MAX).toSorted((a, b) => b.notAfterMs - a.notAfterMs));
  return climb(certificate, untried, roots);
}

/** Takes what it has tried out of the set, so that hostile certificates cost at most their number squared in signature checks. */
function climb(
  certificate: ParsedCertificate,
  untried: Set<ParsedCertificate>,
  roots: TrustBundle,
): readonly ParsedCertificate[] | undefined {
  const root = roots.roots.find((one) => signedBy(certificate, one.certificate));
  if (root !== undefined) return [root.certificate];
  for (const issuer of untried) {
    if (!maySignCertificates(issuer) || !signedBy(certificate, issuer)) continue;
    untried.delete(issuer);
    const above = climb(issuer, untried, roots);
    if (above !== undefined) return [issuer, ...above];
  }
  return undefined;
}
