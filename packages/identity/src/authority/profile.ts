import { OID } from '../der/oid.ts';
import {
  authorityKeyIdentifier,
  caConstraint,
  caKeyUsage,
  extendedKeyUsage,
  leafConstraint,
  leafKeyUsage,
  subjectAltName,
  subjectKeyIdentifier,
  type AltName,
  type Extension,
} from '../x509/extensions.ts';

/*
 * The profile of every certificate that qconn issues; docs and tests are held to it. Extensions by
 * RFC 5280, section 4.2. `authorityKeyId` is the issuer's key identifier.
 */

/** Self-signed; one CA below it. */
export function rootExtensions(spki: Uint8Array): readonly Extension[] {
  return [caConstraint(1), caKeyUsage(), subjectKeyIdentifier(spki)];
}

/** Signs leaves only, and those for TLS only: OpenSSL and BoringSSL hold leaves to the issuer's purposes. */
export function issuingExtensions(spki: Uint8Array, authorityKeyId: Uint8Array): readonly Extension[] {
  return [
    caConstraint(0),
    caKeyUsage(),
    extendedKeyUsage(OID.serverAuth, OID.clientAuth),
    subjectKeyIdentifier(spki),
    authorityKeyIdentifier(authorityKeyId),
  ];
}

/** A TLS client, named by its fingerprint. */
export function machineExtensions(
  spki: Uint8Array,
  authorityKeyId: Uint8Array,
  fingerprint: string,
): readonly Extension[] {
  return leafExtensions(spki, authorityKeyId, OID.clientAuth, [{ uri: machineUri(fingerprint) }]);
}

/** A TLS server, named by the hosts under which clients reach it. */
export function serverExtensions(
  spki: Uint8Array,
  authorityKeyId: Uint8Array,
  hosts: readonly AltName[],
): readonly Extension[] {
  return leafExtensions(spki, authorityKeyId, OID.serverAuth, hosts);
}

/** The URI that names a machine in its certificate. */
export function machineUri(fingerprint: string): string {
  return `qconn:machine:${fingerprint}`;
}

function leafExtensions(
  spki: Uint8Array,
  authorityKeyId: Uint8Array,
  purpose: string,
  names: readonly AltName[],
): readonly Extension[] {
  return [
    leafConstraint(),
    leafKeyUsage(),
    extendedKeyUsage(purpose),
    subjectAltName(names),
    subjectKeyIdentifier(spki),
    authorityKeyIdentifier(authorityKeyId),
  ];
}
