import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { isIP } from 'node:net';
import { systemClock, type Clock } from '@qconn/clock';
import { verifyPinnedServer, type TrustBundle } from '@qconn/identity';
import { HANDSHAKE_DEADLINE_MS, QconnError } from '@qconn/protocol';
import { connectionFailure } from './connection-failure.ts';

/**
 * Learns whom to trust from a server of which only the pin of its root CA is known. A TLS handshake
 * is all that happens: not one byte of the caller's is sent before the pin has matched.
 * @param pin SHA-256 of the root's public key, 32 bytes
 * @throws QconnError `unreachable`, `pin_mismatch`, `hub_untrusted`, `certificate_expired`
 */
export async function fetchPinnedTrust(url: URL, pin: Uint8Array, clock: Clock = systemClock): Promise<TrustBundle> {
  const host = hostOf(url);
  const presentedDer = await presentedCertificates(host, portOf(url), url);
  return verifyPinnedServer({ presentedDer, pin, host, now: clock.now() }).roots;
}

/** The host of a URL, an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/** The TCP port of an https URL. */
export function portOf(url: URL): number {
  return url.port === '' ? 443 : Number(url.port);
}

function presentedCertificates(host: string, port: number, url: URL): Promise<Uint8Array[]> {
  return new Promise((resolve, reject) => {
    // Unverified on purpose: this handshake fetches certificates, and the caller verifies them.
    const socket = connect({
      host,
      port,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      ...(isIP(host) ? {} : { servername: host }),
    });
    socket.setTimeout(HANDSHAKE_DEADLINE_MS, () =>
      socket.destroy(new QconnError('unreachable', `${url.host} did not answer a TLS handshake within 5 s.`)),
    );
    socket.once('secureConnect', () => {
      resolve(chainOf(socket));
      socket.destroy();
    });
    socket.once('error', (error) => reject(connectionFailure(error, url)));
    socket.once('close', () =>
      reject(new QconnError('unreachable', `${url.host} closed the connection during the TLS handshake.`)),
    );
  });
}

function chainOf(socket: TLSSocket): Uint8Array[] {
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
