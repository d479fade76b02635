import { createPrivateKey, createPublicKey, KeyObject, type webcrypto } from 'node:crypto';
import { QconnError } from '@qconn/protocol';
import { bitString, concat, sequence } from './der/write.ts';
import { oid, OID } from './der/oid.ts';

/** A machine's or CA's key pair: ECDSA P-256 on the runtime's WebCrypto. */
export type KeyPair = webcrypto.CryptoKeyPair;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const POINT_BYTES = 65;

/** Everything of a P-256 SubjectPublicKeyInfo (RFC 5480, section 2) but its 64 bytes of coordinates. */
const SPKI_PREFIX: Uint8Array = sequence(
  sequence(oid(OID.ecPublicKey), oid(OID.p256)),
  bitString(Uint8Array.of(4, ...new Uint8Array(POINT_BYTES - 1))),
).slice(0, -(POINT_BYTES - 1));

/** A new ECDSA P-256 key pair. The private key is extractable, for it has to outlive the process. */
export async function generateKeyPair(): Promise<KeyPair> {
  return globalThis.crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

/** The public key as SubjectPublicKeyInfo DER. */
export async function exportSpki(key: webcrypto.CryptoKey): Promise<Uint8Array> {
  return new Uint8Array(await globalThis.crypto.subtle.exportKey('spki', key));
}

/** The private key as an unencrypted PKCS#8 PEM (RFC 5958). Belongs into files of mode 0600 only. */
export function exportPrivateKeyPem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }) as string;
}

/**
 * The key pair of an unencrypted PKCS#8 PEM.
 * @throws QconnError credential_damaged when it is not a readable ECDSA P-256 private key
 */
export function importPrivateKeyPem(pem: string): KeyPair {
  const privateKey = readPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  if (!isP256Spki(publicKey.export({ type: 'spki', format: 'der' }))) {
    throw new QconnError('credential_damaged', 'The private key is not an ECDSA P-256 key.');
  }
  return {
    privateKey: privateKey.toCryptoKey(ALGORITHM, true, ['sign']),
    publicKey: publicKey.toCryptoKey(ALGORITHM, true, ['verify']),
  };
}

/**
 * Whether the bytes are the one accepted encoding of a P-256 public key: named curve, uncompressed
 * point, nothing else. A compressed point would give the same key a second fingerprint. That the
 * point is on the curve is checked by whoever uses the key.
 */
export function isP256Spki(spki: Uint8Array): boolean {
  return (
    spki.length === SPKI_PREFIX.length + POINT_BYTES - 1 && SPKI_PREFIX.every((octet, index) => spki[index] === octet)
  );
}

/** A public key for Node's `verify`, or `undefined` when its point is not on the curve. */
export function publicKeyObject(spki: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(concat([spki])), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function readPrivateKey(pem: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem' });
  } catch {
    // OpenSSL's error is left out: it can quote what it was given, and that is a key.
    throw new QconnError('credential_damaged', 'The private key cannot be read.');
  }
}
