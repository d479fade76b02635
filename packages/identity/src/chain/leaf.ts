import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { QconnError } from '@qconn/protocol';
import { machineUri } from '../authority/profile.ts';
import { OID } from '../der/oid.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { isP256Spki } from '../keys.ts';
import { maySignCertificates, type ParsedCertificate } from '../x509/read-certificate.ts';

/** Whose certificate it ought to be. */
export type Purpose = 'machine' | 'server';

/** Bit 0 of key usage (RFC 5280, section 4.2.1.3). */
const DIGITAL_SIGNATURE = 0b1000_0000;

export const PURPOSE_OID: Readonly<Record<Purpose, string>> = { machine: OID.clientAuth, server: OID.serverAuth };

/**
 * Checks that a leaf is fit for its purpose: no CA, may sign, states the purpose; a machine's names
 * exactly the fingerprint of its own key.
 * @throws QconnError certificate_rejected
 */
export function checkLeaf(leaf: ParsedCertificate, purpose: Purpose): void {
  const { ca, keyUsage, purposes, unknownCritical } = leaf.extensions;
  if (ca || maySignCertificates(leaf)) throw rejected('The certificate is a CA’s, not a machine’s or hub’s');
  if (((keyUsage ?? 0) & DIGITAL_SIGNATURE) === 0) throw rejected('The certificate may not be used for signatures');
  if (purposes?.includes(PURPOSE_OID[purpose]) !== true) throw rejected(`The certificate is not a ${purpose}’s`);
  if (unknownCritical.length > 0)
    throw rejected(`The certificate has the unknown critical extension ${unknownCritical.join(', ')}`);
  if (purpose === 'machine') checkMachineName(leaf);
}

/**
 * Checks that a server's certificate is for this host name or IP address, by its alternative names
 * alone, without wildcards (RFC 9525, section 6).
 * @throws QconnError hub_untrusted
 */
export function checkHost(leaf: ParsedCertificate, host: string): void {
  const certificate = new X509Certificate(leaf.der);
  const matches =
    isIP(host) === 0 ? certificate.checkHost(host, { subject: 'never', wildcards: false }) : certificate.checkIP(host);
  if (matches === undefined)
    throw new QconnError('hub_untrusted', `The server’s certificate is not for ${JSON.stringify(host)}.`);
}

function checkMachineName(leaf: ParsedCertificate): void {
  if (!isP256Spki(leaf.spki)) throw rejected('The certificate’s key is not an ECDSA P-256 key');
  const [uri, ...more] = leaf.extensions.uris;
  if (uri !== machineUri(fingerprintOf(leaf.spki)) || more.length > 0)
    throw rejected('The certificate does not name its own key’s fingerprint');
}

function rejected(what: string): QconnError {
  return new QconnError('certificate_rejected', `${what}.`);
}
