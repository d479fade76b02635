import { X509Certificate } from 'node:crypto';
import type { ParsedCertificate } from '../x509/read-certificate.ts';
import { pinHex } from '../x509/spki.ts';
import type { AuthorityParts } from './parts.ts';

/** A CA's own certificate, with what a register of certificates records of it. */
export interface AuthorityCertificate {
  /** `issuing` for every CA below the root. */
  readonly kind: 'root' | 'issuing';
  /** Its distinguished name, for people. */
  readonly subject: string;
  /** Lower-case hex. */
  readonly serial: string;
  /** Pin of the CA that signed it, hex; a root's own. */
  readonly issuer: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly der: Uint8Array;
}

/** The issuing CA's first, the root's last. */
export function authorityCertificates({ root, issuingChain }: AuthorityParts): readonly AuthorityCertificate[] {
  const path = [...issuingChain, root];
  return path.map((certificate, index) => entry(certificate, path[index + 1] ?? root, certificate === root));
}

function entry(certificate: ParsedCertificate, issuer: ParsedCertificate, isRoot: boolean): AuthorityCertificate {
  const { serial, notBeforeMs, notAfterMs, der } = certificate;
  return {
    kind: isRoot ? 'root' : 'issuing',
    subject: new X509Certificate(der).subject.replaceAll('\n', ', '),
    serial,
    issuer: pinHex(issuer.spki),
    notBeforeMs,
    notAfterMs,
    der,
  };
}
