import { KeyObject } from 'node:crypto';
import { context, bitString, sequence, smallInteger } from './der/write.ts';
import { exportSpki, type KeyPair } from './keys.ts';
import { commonName } from './x509/name.ts';
import { signerOf } from './x509/signer.ts';

/**
 * A certificate request (PKCS#10, RFC 2986) for the key pair, DER. It proves possession of the
 * private key and asks for nothing: the hub writes subject, names and extensions.
 * @param options.commonName a label for people who look at the request; the hub ignores it
 */
export async function createCsr(keys: KeyPair, options: { commonName?: string } = {}): Promise<Uint8Array> {
  const subject = options.commonName === undefined ? sequence() : commonName(options.commonName);
  const info = sequence(smallInteger(0), subject, await exportSpki(keys.publicKey), context(0));
  const signer = signerOf(KeyObject.from(keys.privateKey));
  return sequence(info, signer.algorithm, bitString(await signer.sign(info)));
}
