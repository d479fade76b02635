import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { QconnError } from '@qconn/protocol';
import { DerError } from '../der/der-error.ts';
import { OID } from '../der/oid.ts';
import { signedBy } from '../x509/signed-by.ts';
import { decodePem, encodePem } from '../pem.ts';
import { maySignCertificates, readCertificate, sameBytes, type ParsedCertificate } from '../x509/read-certificate.ts';
import type { AuthorityParts } from './parts.ts';

/** A CA as PEM. Certificates may be published; the keys may not. */
export interface AuthorityPem {
  /** PKCS#8. Left out when the root is kept offline, or belongs to somebody else. */
  readonly rootKeyPem?: string;
  readonly rootPem: string;
  /** PKCS#8. */
  readonly issuingKeyPem: string;
  /** The issuing CA's certificate, then any CAs between it and the root. */
  readonly issuingPem: string;
}

export function partsToPem(parts: AuthorityParts): AuthorityPem {
  const certificates = {
    rootPem: encodePem('CERTIFICATE', parts.root.der),
    issuingKeyPem: privateKeyPem(parts.issuingKey),
    issuingPem: parts.issuingChain.map(({ der }) => encodePem('CERTIFICATE', der)).join(''),
  };
  return parts.rootKey === undefined ? certificates : { rootKeyPem: privateKeyPem(parts.rootKey), ...certificates };
}

/**
 * Reads a CA and checks that its parts belong together.
 * @throws QconnError ca_unusable
 */
export function pemToParts(pem: AuthorityPem): AuthorityParts {
  const [root, ...extraRoots] = readCertificates(pem.rootPem, 'root certificate');
  const [issuing, ...intermediates] = readCertificates(pem.issuingPem, 'issuing certificate');
  if (root === undefined || extraRoots.length > 0 || issuing === undefined)
    throw unusable('There must be one root and at least one issuing certificate');
  const issuingKey = readKey(pem.issuingKeyPem, issuing, 'issuing CA');
  const rootKey = pem.rootKeyPem === undefined ? undefined : readKey(pem.rootKeyPem, root, 'root');
  const path = [issuing, ...intermediates, root];
  path.forEach((certificate, index) => checkIssuer(certificate, path[index + 1] ?? root, index));
  return { rootKey, root, issuingKey, issuingChain: [issuing, ...intermediates] };
}

/** A brought issuing CA may be limited to purposes that are of no use here: better said at once than by a handshake. */
function checkPurposes(certificate: ParsedCertificate): void {
  const { purposes } = certificate.extensions;
  if (purposes !== undefined && !(purposes.includes(OID.clientAuth) && purposes.includes(OID.serverAuth))) {
    throw unusable('A CA certificate does not allow to issue for TLS clients and servers');
  }
}

/** `below` counts the CAs between this one and the leaves. */
function checkIssuer(certificate: ParsedCertificate, issuer: ParsedCertificate, below: number): void {
  if (!maySignCertificates(certificate) || (certificate.extensions.pathLength ?? Infinity) < below) {
    throw unusable('A certificate among root and issuing CAs may not sign what is below it');
  }
  const [unknown] = certificate.extensions.unknownCritical;
  if (unknown !== undefined)
    throw unusable(`A CA certificate has the critical extension ${unknown}, which qconn does not support`);
  checkPurposes(certificate);
  if (!signedBy(certificate, issuer)) throw unusable('The issuing certificate does not chain to the root');
}

function readCertificates(pem: string, what: string): ParsedCertificate[] {
  try {
    const ders = decodePem('CERTIFICATE', pem);
    if (ders !== undefined && ders.length > 0) return ders.map(readCertificate);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
  }
  throw unusable(`The ${what} cannot be read`);
}

function readKey(pem: string, certificate: ParsedCertificate, what: string): KeyObject {
  const key = parseKey(pem, what);
  if (sameBytes(createPublicKey(key).export({ type: 'spki', format: 'der' }), certificate.spki)) return key;
  throw unusable(`The private key of the ${what} does not belong to its certificate`);
}

function parseKey(pem: string, what: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem' });
  } catch {
    // OpenSSL's error is left out: it can quote what it was given, and that is a key.
    throw unusable(`The private key of the ${what} cannot be read`);
  }
}

function privateKeyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

function unusable(what: string): QconnError {
  return new QconnError('ca_unusable', `${what}.`);
}
