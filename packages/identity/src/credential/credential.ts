import { QconnError } from '@qconn/protocol';
import { fingerprintOf } from '../fingerprint.ts';
import { exportSpki, importPrivateKeyPem } from '../keys.ts';
import { INTERMEDIATES_MAX } from '../limits.ts';
import { decodePem } from '../pem.ts';
import { TrustBundle } from '../trust-bundle.ts';
import { sameBytes, type ParsedCertificate } from '../x509/read-certificate.ts';
import { readUntrustedCertificate } from '../x509/untrusted-certificate.ts';

/** Where a hub is reached. */
export interface HubAddresses {
  /** QUIC endpoints, in order of preference. */
  readonly quic: readonly { readonly host: string; readonly port: number }[];
  /** Base URL of the HTTPS API. */
  readonly https: string;
}

/** Everything that a machine needs to connect: its identity, whom to trust, and where to go. */
export interface Credential {
  /** PKCS#8. Stays the same across renewals unless it is changed on purpose. */
  readonly privateKeyPem: string;
  /** Certificates, the machine's own first. */
  readonly chainPem: readonly string[];
  /** The roots that the hub's certificate must chain to. */
  readonly trustBundlePem: readonly string[];
  readonly hub: HubAddresses;
}

/** What a credential's certificate says. */
export interface CredentialFacts {
  readonly fingerprint: string;
  readonly serial: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/**
 * Checks that the parts of a credential belong together. An expired one passes: it can be renewed.
 * @throws QconnError credential_damaged
 */
export async function inspectCredential(credential: Credential): Promise<CredentialFacts> {
  const keys = importPrivateKeyPem(credential.privateKeyPem);
  const spki = await exportSpki(keys.publicKey);
  const { serial, notBeforeMs, notAfterMs, ...leaf } = readParts(credential);
  if (!sameBytes(leaf.spki, spki)) throw damaged('its private key does not belong to its certificate');
  return { fingerprint: fingerprintOf(spki), serial, notBeforeMs, notAfterMs };
}

/** The machine's certificate, once chain and trust bundle have been read. */
function readParts({ chainPem, trustBundlePem }: Credential): ParsedCertificate {
  if (chainPem.length > 1 + INTERMEDIATES_MAX) throw damaged('its chain is too long');
  try {
    TrustBundle.parse(trustBundlePem);
    const [leaf] = chainPem.flatMap((pem) => decodePem('CERTIFICATE', pem) ?? []).map(readUntrustedCertificate);
    if (leaf !== undefined) return leaf;
  } catch (error) {
    throw damaged('its certificates or trust bundle cannot be read', error);
  }
  throw damaged('it holds no certificate');
}

export function damaged(what: string, cause?: unknown): QconnError {
  return new QconnError('credential_damaged', `The credential cannot be used: ${what}.`, { cause });
}
