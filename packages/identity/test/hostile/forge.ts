import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { oid, OID } from '../../src/der/oid.ts';
import { bitString, context, sequence, smallInteger, text, time, TAG, tlv } from '../../src/der/write.ts';
import { commonName } from '../../src/x509/name.ts';

/* Makes requests and certificates that are wrong in one place; everything else about them is right. */

export const ECDSA_SHA256: Uint8Array = sequence(oid(OID.ecdsaWithSha256));

export interface ForgedKey {
  readonly privateKey: KeyObject;
  readonly spki: Uint8Array;
}

/** A key of a curve, of Ed25519, or of RSA with so many bits. */
export function newKey(kind: 'P-256' | 'P-384' | 'secp256k1' | 'ed25519' | number = 'P-256'): ForgedKey {
  const { privateKey } =
    typeof kind === 'number'
      ? generateKeyPairSync('rsa', { modulusLength: kind })
      : kind === 'ed25519'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ec', { namedCurve: kind });
  return { privateKey, spki: new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' })) };
}

export interface RequestForgery {
  readonly key?: ForgedKey;
  readonly version?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly spki?: Uint8Array;
  /** Attributes, each DER; `null` leaves the whole field out. */
  readonly attributes?: readonly Uint8Array[] | null;
  /** After the last field of the signed part. */
  readonly extra?: Uint8Array;
  readonly algorithm?: Uint8Array;
  readonly digest?: string;
  readonly signWith?: ForgedKey;
  readonly signature?: (signature: Uint8Array) => Uint8Array;
}

export function forgeRequest(forgery: RequestForgery = {}): Uint8Array {
  const key = forgery.key ?? newKey();
  const attributes = forgery.attributes === null ? [] : [context(0, ...(forgery.attributes ?? []))];
  const info = sequence(
    forgery.version ?? smallInteger(0),
    forgery.subject ?? commonName('machine'),
    forgery.spki ?? key.spki,
    ...attributes,
    forgery.extra ?? new Uint8Array(),
  );
  return signed(info, forgery, key);
}

export interface CertificateForgery extends Omit<RequestForgery, 'attributes'> {
  readonly serial?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  readonly extensions?: readonly Uint8Array[];
  /** The algorithm inside the signed part, if it differs. */
  readonly innerAlgorithm?: Uint8Array;
}

export function forgeCertificate(forgery: CertificateForgery): Uint8Array {
  const key = forgery.key ?? newKey();
  const now = Date.now();
  const tbs = sequence(
    forgery.version ?? context(0, smallInteger(2)),
    forgery.serial ?? smallInteger(7),
    forgery.innerAlgorithm ?? forgery.algorithm ?? ECDSA_SHA256,
    forgery.issuer ?? commonName('issuer'),
    sequence(time(forgery.notBeforeMs ?? now - 60_000), time(forgery.notAfterMs ?? now + 3_600_000)),
    forgery.subject ?? commonName('machine'),
    forgery.spki ?? key.spki,
    ...(forgery.extensions === undefined ? [] : [context(3, sequence(...forgery.extensions))]),
    forgery.extra ?? new Uint8Array(),
  );
  return signed(tbs, forgery, key);
}

/** An attribute of a request (RFC 2986, section 4.1). */
export function attribute(type: string, ...values: readonly Uint8Array[]): Uint8Array {
  return sequence(oid(type), tlv(TAG.set, ...values));
}

/** A distinguished name of one common name with any string type and bytes. */
export function rawName(value: Uint8Array, tag: number = TAG.utf8String): Uint8Array {
  return sequence(tlv(TAG.set, sequence(oid(OID.commonName), tlv(tag, value))));
}

export function utf8(value: string): Uint8Array {
  return text(TAG.utf8String, value);
}

function signed(
  body: Uint8Array,
  { algorithm, digest, signWith, signature }: RequestForgery,
  key: ForgedKey,
): Uint8Array {
  const { privateKey } = signWith ?? key;
  const value = new Uint8Array(
    sign(privateKey.asymmetricKeyType === 'ed25519' ? null : (digest ?? 'sha256'), body, privateKey),
  );
  return sequence(body, algorithm ?? ECDSA_SHA256, bitString(signature?.(value) ?? value));
}
