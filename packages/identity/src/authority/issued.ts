import { encodePem } from '../pem.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { serialText } from '../x509/read-certificate.ts';
import { pinHex } from '../x509/spki.ts';
import type { CertificateContents } from '../x509/write-certificate.ts';
import type { AuthorityParts } from './parts.ts';

/** A certificate that has just been issued, with what a register of certificates records of it. */
export interface IssuedCertificate {
  readonly der: Uint8Array;
  readonly pem: string;
  /** The certificate and the CAs below the root, leaf first: what a TLS endpoint presents. */
  readonly chainPem: readonly string[];
  /** The same in DER. */
  readonly chainDer: readonly Uint8Array[];
  /** 32 lower-case hex digits. */
  readonly serial: string;
  /** Of the certificate's key. */
  readonly fingerprint: string;
  /** Pin of the CA that signed it, hex. */
  readonly issuer: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export function issuedCertificate(
  der: Uint8Array,
  contents: CertificateContents,
  issuerChain: AuthorityParts['issuingChain'],
): IssuedCertificate {
  const pem = encodePem('CERTIFICATE', der);
  return {
    der,
    pem,
    chainPem: [pem, ...issuerChain.map((issuer) => encodePem('CERTIFICATE', issuer.der))],
    chainDer: [der, ...issuerChain.map((issuer) => issuer.der)],
    serial: serialText(contents.serial),
    fingerprint: fingerprintOf(contents.spki),
    issuer: pinHex(issuerChain[0].spki),
    notBeforeMs: contents.notBeforeMs,
    notAfterMs: contents.notAfterMs,
  };
}
