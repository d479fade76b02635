import { createPublicKey, sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { QconnError } from '@qconn/protocol';
import { oid, OID } from '../der/oid.ts';
import { sequence, tlv, TAG } from '../der/write.ts';

const signInThreadPool: (digest: string, data: Uint8Array, key: KeyObject) => Promise<Buffer> = promisify(sign);

/** Signs certificates and revocation lists. */
export interface Signer {
  /** AlgorithmIdentifier DER (RFC 5758, section 3.2; RFC 4055, section 5). */
  readonly algorithm: Uint8Array;
  /** The signer's public key, SubjectPublicKeyInfo DER. */
  readonly spki: Uint8Array;
  /** A signature over the bytes, in the form that a certificate carries. Off the event loop. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/**
 * A signer with a private key: ECDSA P-256 for CAs of qconn's own, P-384 or RSA of at least 2048
 * bits for a brought one.
 * @throws QconnError ca_unusable
 */
export function signerOf(key: KeyObject): Signer {
  const { algorithm, digest } = schemeOf(key);
  return {
    algorithm,
    spki: new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' })),
    sign: async (bytes) => signInThreadPool(digest, bytes, key),
  };
}

function schemeOf(key: KeyObject): { algorithm: Uint8Array; digest: string } {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1')
    return { algorithm: sequence(oid(OID.ecdsaWithSha256)), digest: 'sha256' };
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'secp384r1')
    return { algorithm: sequence(oid(OID.ecdsaWithSha384)), digest: 'sha384' };
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048) {
    return { algorithm: sequence(oid(OID.rsaWithSha256), tlv(TAG.null)), digest: 'sha256' };
  }
  throw new QconnError('ca_unusable', 'The CA’s key is not ECDSA P-256, ECDSA P-384 or RSA of 2048 bits or more.');
}
