import { createHash } from 'node:crypto';
import { QconnError } from '@qconn/protocol';
import { fingerprintOf } from '../fingerprint.ts';
import { INTERMEDIATES_MAX } from '../limits.ts';
import type { TrustBundle } from '../trust-bundle.ts';
import type { ParsedCertificate } from '../x509/read-certificate.ts';
import { signedBy } from '../x509/signed-by.ts';
import { pinOfSpki } from '../x509/spki.ts';
import { readAccompanying, readUntrustedCertificate } from '../x509/untrusted-certificate.ts';
import { checkIssuers } from './issuers.ts';
import { checkHost, checkLeaf, type Purpose } from './leaf.ts';
import { findIssuers } from './path.ts';

export interface PresentedChain {
  /** The certificate whose key the peer has proven to hold: it alone says who the peer is. */
  readonly leafDer: Uint8Array;
  /** Whatever else the peer sent along: at most 5, in any order. They only help to find a path. */
  readonly intermediatesDer: readonly Uint8Array[];
  /** Epoch milliseconds. */
  readonly now: number;
  readonly purpose: Purpose;
  /** The host name or IP address that was dialled; for servers. */
  readonly host?: string;
}

/** What a verified chain establishes; all of it is the leaf's. */
export interface VerifiedCertificate {
  readonly fingerprint: string;
  readonly spki: Uint8Array;
  /** Lower-case hex. */
  readonly serial: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SHA-256 of the public key of the root that it chains to. */
  readonly rootPin: Uint8Array;
}

/** Issuing CAs remembered as verified: a hub's fleet has one, a few during rotations. */
const REMEMBERED_MAX = 64;

/** Verifies certificate chains against one trust bundle (RFC 5280, section 6). A new bundle wants a new verifier. */
export class ChainVerifier {
  readonly #roots: TrustBundle;
  /** SHA-256 of an intermediate → it and its issuers up to the root. Their dates are checked every time. */
  readonly #remembered = new Map<string, readonly ParsedCertificate[]>();

  constructor(roots: TrustBundle) {
    this.#roots = roots;
  }

  /**
   * @throws QconnError certificate_rejected (malformed, or not fit for the purpose), certificate_untrusted
   *   (no path to a root), certificate_expired (any certificate of the path, or not valid yet),
   *   hub_untrusted (not for this host)
   */
  verify(chain: PresentedChain): VerifiedCertificate {
    if (chain.intermediatesDer.length > INTERMEDIATES_MAX) {
      throw new QconnError(
        'certificate_rejected',
        `More than ${INTERMEDIATES_MAX} certificates came with the peer’s own.`,
      );
    }
    const leaf = readUntrustedCertificate(chain.leafDer);
    const issuers = this.#issuersOf(leaf, chain.intermediatesDer);
    const root = issuers?.at(-1);
    if (issuers === undefined || root === undefined) throw new QconnError('certificate_untrusted');
    checkLeaf(leaf, chain.purpose);
    checkIssuers(leaf, issuers, chain.purpose, chain.now);
    if (chain.host !== undefined) checkHost(leaf, chain.host);
    return {
      fingerprint: fingerprintOf(leaf.spki),
      spki: leaf.spki.slice(),
      serial: leaf.serial,
      notBeforeMs: leaf.notBeforeMs,
      notAfterMs: leaf.notAfterMs,
      rootPin: pinOfSpki(root.spki),
    };
  }

  #issuersOf(
    leaf: ParsedCertificate,
    intermediatesDer: readonly Uint8Array[],
  ): readonly ParsedCertificate[] | undefined {
    for (const der of intermediatesDer) {
      const remembered = this.#remembered.get(digest(der));
      if (remembered?.[0] !== undefined && signedBy(leaf, remembered[0])) return remembered;
    }
    const issuers = findIssuers(leaf, readAccompanying(intermediatesDer), this.#roots);
    if (issuers !== undefined && issuers.length > 1) this.#remember(issuers);
    return issuers;
  }

  #remember(issuers: readonly ParsedCertificate[]): void {
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
    const own = issuers.map((issuer) => readUntrustedCertificate(issuer.der.slice()));
    if (own[0] !== undefined) this.#remembered.set(digest(own[0].der), own);
  }
}

/** Verifies one chain; see {@link ChainVerifier.verify}. Whoever verifies many keeps a verifier. */
export function verifyChain(options: PresentedChain & { readonly roots: TrustBundle }): VerifiedCertificate {
  return new ChainVerifier(options.roots).verify(options);
}

function digest(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('base64');
}
