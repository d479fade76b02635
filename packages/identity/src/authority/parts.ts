import type { KeyObject } from 'node:crypto';
import { DerError } from '../der/der-error.ts';
import { OID } from '../der/oid.ts';
import { readDer } from '../der/read.ts';
import { TAG } from '../der/write.ts';
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
 * @throws DerError
 */
export function keyIdOf(certificate: ParsedCertificate): Uint8Array {
  const stated = certificate.extensions.get(OID.subjectKeyIdentifier);
  if (stated === undefined) return keyIdentifier(certificate.spki);
  const keyId = readDer(stated.value).expect(TAG.octetString, 'the key identifier').content;
  if (keyId.length === 0 || keyId.length > 64) throw new DerError('a key identifier of a strange size');
  return keyId;
}
