import { QconnError } from '@qconn/protocol';
import { INTERMEDIATES_MAX } from '../limits.ts';
import { encodePem } from '../pem.ts';
import { TrustBundle } from '../trust-bundle.ts';
import { sameBytes, type ParsedCertificate } from '../x509/read-certificate.ts';
import { pinOfSpki } from '../x509/spki.ts';
import { readAccompanying } from '../x509/untrusted-certificate.ts';
import { signedBy } from '../x509/signed-by.ts';
import { verifyChain, type VerifiedCertificate } from './chain-verifier.ts';

export interface PinnedServer {
  /** What the server presented in TLS: its own certificate first, the root among the rest. */
  readonly presentedDer: readonly Uint8Array[];
  /** SHA-256 of the root's public key, from a token or a profile. */
  readonly pin: Uint8Array;
  /** The host name or IP address that was dialled. */
  readonly host: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * Checks a server of which nothing is known but the pin of its root CA, before anything is sent to
 * it: the pinned root must be among the certificates that it presents, and must vouch for it.
 * @returns the server's certificate and, from here on, whom to trust
 * @throws QconnError pin_mismatch, and what {@link verifyChain} throws
 */
export function verifyPinnedServer(server: PinnedServer): {
  readonly certificate: VerifiedCertificate;
  readonly roots: TrustBundle;
} {
  const [leafDer, ...others] = server.presentedDer;
  if (leafDer === undefined || others.length > INTERMEDIATES_MAX)
    throw new QconnError('pin_mismatch', 'The server presented no usable certificates.');
  const root = readAccompanying(others).find((one) => isPinnedRoot(one, server.pin));
  if (root === undefined) throw new QconnError('pin_mismatch');
  const roots = TrustBundle.parse(encodePem('CERTIFICATE', root.der));
  const { host, now } = server;
  return {
    certificate: verifyChain({ leafDer, intermediatesDer: others, roots, now, purpose: 'server', host }),
    roots,
  };
}

/** Its own signature shows that the pinned key's holder wrote the whole certificate, not only that it holds the key. */
function isPinnedRoot(certificate: ParsedCertificate, pin: Uint8Array): boolean {
  return sameBytes(pinOfSpki(certificate.spki), pin) && signedBy(certificate, certificate);
}
