import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';

/** What a server has presented, its own certificate first, each followed by its issuer. */
export function presentedBy(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  const seen = new Set<string>();
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (certificate?.raw !== undefined && !seen.has(certificate.fingerprint256)) {
    seen.add(certificate.fingerprint256);
    chain.push(new Uint8Array(certificate.raw));
    certificate = certificate.issuerCertificate as DetailedPeerCertificate | undefined;
  }
  return chain;
}
