import { QconnError } from '@qconn/protocol';
import { INTERMEDIATES_MAX } from '../limits.ts';
import { encodePem } from '../pem.ts';
import { TrustBundle } from '../trust-bundle.ts';
import { sameBytes, type ParsedCertificate } from '../x509/read-certificate.ts';
import { pinOfSpki } from '../x509/spki.ts';
import { readAccompanying, readUntrustedCertificate } from '../x509/untrusted-certificate.ts';
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
  /**
   * Other chains that the server has for its key, while its root is being replaced. Each is as in `presentedDer`:
   * a certificate for the very key that the handshake has proven first, the root among the rest. At most 4.
   */
  readonly vouchersDer?: readonly (readonly Uint8Array[])[];
}

/** Most chains for one key: the root in force and the one to come, twice over. */
const VOUCHERS_MAX = 4;

/**
 * Checks a server of which nothing is known but the pin of its root CA, before anything is sent to
 * it: the pinned root must be among the certificates that it presents, and must vouch for it. Where the handshake
 * presents another root, the pinned one must vouch for the same key in a chain of its own.
 * @returns the server's certificate and, from here on, whom to trust: the pinned root, and the one that the server
 *   presents, if that is another
 * @throws QconnError pin_mismatch, and what {@link verifyChain} throws
 */
export function verifyPinnedServer(server: PinnedServer): {
  readonly certificate: VerifiedCertificate;
  readonly roots: TrustBundle;
} {
  const { presentedDer, vouchersDer = [] } = server;
  const presented = rootAmong(presentedDer, (root) => isPinned(root, server.pin));
  if (presented !== undefined) return verified(presentedDer, presented, server);
  const [leafDer] = presentedDer;
  if (leafDer === undefined) throw new QconnError('pin_mismatch', 'The server presented no usable certificates.');
  const { spki } = readUntrustedCertificate(leafDer);
  for (const chain of vouchersDer.slice(0, VOUCHERS_MAX)) {
    const root = rootAmong(chain, (one) => isPinned(one, server.pin));
    if (root === undefined || !sameBytes(readUntrustedCertificate(chain[0] as Uint8Array).spki, spki)) continue;
    const { certificate, roots } = verified(chain, root, server);
    // The pinned root vouches for the key, and with the key the server has signed what it presents.
    const own = rootAmong(presentedDer, () => true);
    return own === undefined
      ? { certificate, roots }
      : { certificate, roots: TrustBundle.parse([...roots.pem, ...verified(presentedDer, own, server).roots.pem]) };
  }
  throw new QconnError('pin_mismatch', `${server.host} is not the hub that the token or profile was made for.`);
}

function verified(
  [leafDer, ...others]: readonly Uint8Array[],
  root: ParsedCertificate,
  { host, now }: PinnedServer,
): { readonly certificate: VerifiedCertificate; readonly roots: TrustBundle } {
  const roots = TrustBundle.parse(encodePem('CERTIFICATE', root.der));
  const chain = {
    leafDer: leafDer as Uint8Array,
    intermediatesDer: others,
    roots,
    now,
    purpose: 'server',
    host,
  } as const;
  return { certificate: verifyChain(chain), roots };
}

/** A root that accompanies a certificate. Its own signature shows that the holder of the key wrote all of it. */
function rootAmong(
  [leafDer, ...others]: readonly Uint8Array[],
  fits: (root: ParsedCertificate) => boolean,
): ParsedCertificate | undefined {
  if (leafDer === undefined || others.length > INTERMEDIATES_MAX)
    throw new QconnError('pin_mismatch', 'The server presented no usable certificates.');
  return readAccompanying(others).find((one) => fits(one) && signedBy(one, one));
}

function isPinned(certificate: ParsedCertificate, pin: Uint8Array): boolean {
  return sameBytes(pinOfSpki(certificate.spki), pin);
}
