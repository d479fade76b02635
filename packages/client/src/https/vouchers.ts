import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { isIP } from 'node:net';
import { HANDSHAKE_DEADLINE_MS } from '@qconn/protocol';
import { connectionFailure } from './connection-failure.ts';
import { hostOf, portOf } from './hub-url.ts';
import { presentedBy } from './presented.ts';
import { readAnswer } from './read-answer.ts';

/** Most bytes of the answer: some chains of certificates. */
const ANSWER_MAX_BYTES: number = 256 * 1024;

/** What a server presents, and what else it says vouches for its key. Nothing of it has been verified. */
export interface Vouchers {
  readonly presentedDer: readonly Uint8Array[];
  readonly vouchersDer: readonly (readonly Uint8Array[])[];
}

/**
 * Asks a server that has not been verified for chains of other roots for its key.
 * @throws QconnError `unreachable`, `too_large`
 */
export async function fetchVouchers(url: URL): Promise<Vouchers> {
  const host = hostOf(url);
  const options = {
    host,
    port: portOf(url),
    path: '/v1/hub',
    agent: false,
    // Unverified on purpose: what comes is checked against the pin, and the key that the handshake proves.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    timeout: HANDSHAKE_DEADLINE_MS,
    ...(isIP(host) ? {} : { servername: host }),
  } as const;
  const { request } = await import('node:https');
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(connectionFailure(error, url));
    const call = request(options, (answer) => {
      const presentedDer = presentedBy(answer.socket as TLSSocket);
      readAnswer(answer, ANSWER_MAX_BYTES).then(
        (text) => resolve({ presentedDer, vouchersDer: vouchersIn(text) }),
        failed,
      );
    });
    call.once('timeout', () => call.destroy(new Error('no answer in time')));
    call.once('error', failed);
    call.end();
  });
}

/** Whatever is not as a hub says it vouches for nothing. */
function vouchersIn(text: string): readonly (readonly Uint8Array[])[] {
  try {
    const { vouchers } = JSON.parse(text) as { readonly vouchers: readonly (readonly string[])[] };
    return vouchers.map((chain) => chain.map((pem) => new Uint8Array(new X509Certificate(pem).raw)));
  } catch {
    return [];
  }
}
