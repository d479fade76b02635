import { OID } from '../der/oid.ts';
import { bitString, context, integer, sequence, smallInteger, TAG, time, tlv } from '../der/write.ts';
import { authorityKeyIdentifier, extension } from './extensions.ts';
import type { Signer } from './signer.ts';

/** Why a certificate was revoked (RFC 5280, section 5.3.1), as far as it says something here. */
const REASONS = {
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const;

export type RevocationReason = keyof typeof REASONS;

export interface RevokedCertificate {
  /** Lower-case hex, as in the register of certificates. */
  readonly serial: string;
  /** Epoch milliseconds. */
  readonly revokedAtMs: number;
  readonly reason?: RevocationReason;
}

export interface RevocationListContents {
  /** Grows with every list, so that readers know an older one. */
  readonly number: number;
  readonly thisUpdateMs: number;
  /** When readers may expect the next one at the latest. */
  readonly nextUpdateMs: number;
  readonly revoked: readonly RevokedCertificate[];
}

/** A version 2 certificate revocation list, DER (RFC 5280, section 5). */
export async function writeRevocationList(
  { number, thisUpdateMs, nextUpdateMs, revoked }: RevocationListContents,
  issuer: { readonly name: Uint8Array; readonly keyId: Uint8Array },
  signer: Signer,
): Promise<Uint8Array> {
  const tbs = sequence(
    smallInteger(1),
    signer.algorithm,
    issuer.name,
    time(thisUpdateMs),
    time(nextUpdateMs),
    // An empty list is left out (section 5.1.2.6).
    ...(revoked.length === 0 ? [] : [sequence(...revoked.map(entry))]),
    context(0, sequence(authorityKeyIdentifier(issuer.keyId), extension(OID.crlNumber, false, smallInteger(number)))),
  );
  return sequence(tbs, signer.algorithm, bitString(await signer.sign(tbs)));
}

function entry({ serial, revokedAtMs, reason }: RevokedCertificate): Uint8Array {
  if (!/^([0-9a-f]{2}){1,20}$/.test(serial)) throw new RangeError('a serial number is 1 to 20 bytes in lower-case hex');
  const base = [integer(Buffer.from(serial, 'hex')), time(revokedAtMs)];
  if (reason === undefined) return sequence(...base);
  const value = tlv(TAG.enumerated, Uint8Array.of(REASONS[reason]));
  return sequence(...base, sequence(extension(OID.reasonCode, false, value)));
}
