import type { KeyObject } from 'node:crypto';
import { keyIdentifier } from '../x509/extensions.ts';
import type { ParsedCertificate } from '../x509/read-certificate.ts';

/** What a CA consists of. Without the root's key (kept offline) it issues, but cannot renew its issuing CA. */
export interface AuthorityParts {
  readonly rootKey: KeyObject | undefined;
  readonly root: ParsedCertificate;
  readonly issuingKey: KeyObject;
  /** The issuing CA's certificate, then any CAs between it and the root. */
  readonly issuingChain: readonly [ParsedCertificate, ...ParsedCertificate[]];
}

/**
 * The key identifier that certificates below this one must name as their authority's: what it states
 * itself, which need not be what we would compute (RFC 5280, section 4.2.1.1).
 */
export function keyIdOf(certificate: ParsedCertificate): Uint8Array {
  return certificate.extensions.subjectKeyId ?? keyIdentifier(certificate.spki);
}
