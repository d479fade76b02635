import { encodePem } from '../pem.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { serialText, type ParsedCertificate } from '../x509/read-certificate.ts';
import type { CertificateContents } from '../x509/write-certificate.ts';

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
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export function issuedCertificate(
  der: Uint8Array,
  contents: CertificateContents,
  issuerChain: readonly ParsedCertificate[],
): IssuedCertificate {
  const pem = encodePem('CERTIFICATE', der);
  return {
    der,
    pem,
    chainPem: [pem, ...issuerChain.map((issuer) => encodePem('CERTIFICATE', issuer.der))],
    chainDer: [der, ...issuerChain.map((issuer) => issuer.der)],
    serial: serialText(contents.serial),
    fingerprint: fingerprintOf(contents.spki),
    notBeforeMs: contents.notBeforeMs,
    notAfterMs: contents.notAfterMs,
  };
}
