import { createHash } from 'node:crypto';
import { QconnError } from '@qconn/protocol';
import { CERTIFICATE_MAX_BYTES, TRUST_BUNDLE_MAX_ROOTS } from './limits.ts';
import { decodePem, encodePem } from './pem.ts';
import { maySignCertificates, type ParsedCertificate } from './x509/read-certificate.ts';
import { pinHex, pinOfSpki } from './x509/spki.ts';
import { readUntrustedCertificate } from './x509/untrusted-certificate.ts';

/** One root that is trusted. */
export interface TrustedRoot {
  readonly pem: string;
  readonly certificate: ParsedCertificate;
  /** SHA-256 of its public key, hex. */
  readonly pinHex: string;
}

/** The roots that a machine or hub trusts: one, or two while a CA is being rotated. Never changes. */
export class TrustBundle {
  readonly roots: readonly TrustedRoot[];

  private constructor(roots: readonly TrustedRoot[]) {
    this.roots = roots;
  }

  /**
   * The bundle of one or more PEM texts, each with one or more root certificates. The same certificate
   * twice counts once.
   * @throws QconnError certificate_rejected when it is empty, too long, or one of them is no CA certificate
   */
  static parse(pem: string | readonly string[]): TrustBundle {
    const texts = typeof pem === 'string' ? [pem] : pem;
    const roots = texts.flatMap(certificatesOf).map(trustedRoot);
    const unique = [...new Map(roots.map((root) => [root.pem, root])).values()];
    if (unique.length === 0) throw rejected('The trust bundle holds no certificate');
    if (unique.length > TRUST_BUNDLE_MAX_ROOTS)
      throw rejected(`The trust bundle holds more than ${TRUST_BUNDLE_MAX_ROOTS} roots`);
    return new TrustBundle(unique);
  }

  /** One PEM text per root. */
  get pem(): readonly string[] {
    return this.roots.map((root) => root.pem);
  }

  /** Names this set of certificates, whatever their order, in 32 hex digits: hub and machine compare whom they trust by it. */
  get id(): string {
    const digests = this.roots.map(({ certificate }) => createHash('sha256').update(certificate.der).digest('hex'));
    return createHash('sha256').update(digests.toSorted().join()).digest('hex').slice(0, 32);
  }

  /** The certificates. */
  get der(): readonly Uint8Array[] {
    return this.roots.map(({ certificate }) => certificate.der);
  }

  /** Whether a root with this key is trusted. */
  holdsPin(pin: Uint8Array): boolean {
    const hex = Buffer.from(pin).toString('hex');
    return this.roots.some((root) => root.pinHex === hex);
  }
}

/**
 * SHA-256 of a certificate's public key: what tokens pin a root by.
 * @throws QconnError certificate_rejected
 */
export function pinOfCertificate(der: Uint8Array): Uint8Array {
  return pinOfSpki(readUntrustedCertificate(der).spki);
}

function certificatesOf(pem: string): readonly Uint8Array[] {
  const tooLong = pem.length > 2 * CERTIFICATE_MAX_BYTES * TRUST_BUNDLE_MAX_ROOTS;
  const ders = tooLong ? undefined : decodePem('CERTIFICATE', pem);
  if (ders === undefined) throw rejected('The trust bundle is not readable PEM');
  return ders;
}

function trustedRoot(der: Uint8Array): TrustedRoot {
  const certificate = readUntrustedCertificate(der);
  if (!maySignCertificates(certificate)) throw rejected('The trust bundle holds a certificate that is not a CA’s');
  return {
    pem: encodePem('CERTIFICATE', der),
    certificate,
    pinHex: pinHex(certificate.spki),
  };
}

function rejected(what: string): QconnError {
  return new QconnError('certificate_rejected', `${what}.`);
}
