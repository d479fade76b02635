import { isIP } from 'node:net';
import { systemClock, type Clock } from '@qconn/clock';
import { verifyPinnedServer, type TrustBundle } from '@qconn/identity';
import { HANDSHAKE_DEADLINE_MS, isQconnError, QconnError } from '@qconn/protocol';
import { connectionFailure } from './connection-failure.ts';
import { hostOf, portOf } from './hub-url.ts';
import { presentedBy } from './presented.ts';
import { fetchVouchers } from './vouchers.ts';

/**
 * Learns whom to trust from a server of which only the pin of its root CA is known. Only a TLS handshake is made: not one byte
 * of the caller's is sent before the pin has matched. A server that presents another root is asked for other certificates for
 * its key (`GET /v1/hub`), which it has while its root is being replaced.
 * @param pin SHA-256 of the root's public key, 32 bytes
 * @throws QconnError `unreachable`, `pin_mismatch`, `hub_untrusted`, `certificate_expired`
 */
export async function fetchPinnedTrust(url: URL, pin: Uint8Array, clock: Clock = systemClock): Promise<TrustBundle> {
  const host = hostOf(url);
  const presentedDer = await presentedCertificates(host, portOf(url), url);
  const server = { presentedDer, pin, host, now: clock.now() };
  try {
    return verifyPinnedServer(server).roots;
  } catch (error) {
    if (!isQconnError(error, 'pin_mismatch')) throw error;
    // Whatever goes wrong with the second look, the first has told what is wrong.
    const vouchers = await fetchVouchers(url).catch(() => Promise.reject(error));
    return verifyPinnedServer({ ...server, ...vouchers }).roots;
  }
}

async function presentedCertificates(host: string, port: number, url: URL): Promise<Uint8Array[]> {
  const { connect } = await import('node:tls');
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
      resolve(presentedBy(socket));
      socket.destroy();
    });
    socket.once('error', (error) => reject(connectionFailure(error, url)));
    socket.once('close', () =>
      reject(new QconnError('unreachable', `${url.host} closed the connection during the TLS handshake.`)),
    );
  });
}
