import { createHash, X509Certificate } from 'node:crypto';

/** The pin of a root certificate: SHA-256 of its public key, hex. */
export function pinOf(rootPem: string): string {
  const spki = new X509Certificate(rootPem).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex');
}
