import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createTestPki, lastingPort } from '@qconn/testkit';
import { afterEach, expect, test } from 'vitest';
import { fetchPinnedTrust } from '../../src/https/pinned-trust.ts';
import { TlsServer } from './tls-server.ts';

let server: TlsServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

test('a server whose root has the pin is trusted, and with it nothing else', async () => {
  server = await TlsServer.start(() => {});
  const trust = await fetchPinnedTrust(server.url, server.pki.rootPin);
  expect(trust.pem).toHaveLength(1);
});

test('a server with another root is not the hub of the token, and is asked nothing but who it is', async () => {
  const asked: unknown[] = [];
  server = await TlsServer.start(({ method, url, headers }, answer) => {
    asked.push([method, url, Object.keys(headers)]);
    answer.end('{}');
  });
  await expect(fetchPinnedTrust(server.url, new Uint8Array(32))).rejects.toMatchObject({ code: 'pin_mismatch' });
  expect(asked).toEqual([['GET', '/v1/hub', ['host', 'connection']]]);
});

test('a server whose root is being replaced is known by the pin of the next, which vouches for its key', async () => {
  const next = await createTestPki();
  let vouchers: string[][] = [];
  server = await TlsServer.start((_request, answer) => void answer.end(JSON.stringify({ vouchers })));
  const voucher = async (keyPem: string): Promise<string[]> => {
    const spki = new Uint8Array(createPublicKey(keyPem).export({ type: 'spki', format: 'der' }));
    const { chainPem } = await next.ca.issueServer({ spki, hosts: ['127.0.0.1'], now: Date.now() });
    return [...chainPem, next.rootPem];
  };
  // A chain for the key of somebody else vouches for nothing here.
  vouchers = [await voucher((await next.server()).keyPem)];
  await expect(fetchPinnedTrust(server.url, next.rootPin)).rejects.toMatchObject({ code: 'pin_mismatch' });
  vouchers = [['no certificate'], await voucher(server.keyPem)];
  await expect(fetchPinnedTrust(server.url, next.rootPin)).rejects.toMatchObject({ code: 'pin_mismatch' });
  vouchers = [await voucher(server.keyPem)];
  const trust = await fetchPinnedTrust(server.url, next.rootPin);
  expect(trust.pem).toEqual([next.rootPem, server.pki.rootPem]);
});

test('a certificate for another host is refused', async () => {
  server = await TlsServer.start(
    () => {},
    (pki) => pki.server(['hub.example']),
  );
  await expect(fetchPinnedTrust(server.url, server.pki.rootPin)).rejects.toMatchObject({ code: 'hub_untrusted' });
});

test('an expired certificate is told as that', async () => {
  server = await TlsServer.start(
    () => {},
    (pki) => pki.expiredServer(),
  );
  await expect(fetchPinnedTrust(server.url, server.pki.rootPin)).rejects.toMatchObject({ code: 'certificate_expired' });
});

test('nothing that listens, and something that speaks no TLS, are unreachable in words', async () => {
  const plain = createServer((socket) =>
    socket
      .on('error', () => {})
      .resume()
      .end('HTTP/1.1 400 Bad Request\r\n\r\n'),
  );
  plain.listen(await lastingPort(), '127.0.0.1');
  await once(plain, 'listening');
  const url = new URL(`https://127.0.0.1:${(plain.address() as AddressInfo).port}`);
  await expect(fetchPinnedTrust(url, new Uint8Array(32))).rejects.toMatchObject({ code: 'unreachable' });
  plain.close();
  await once(plain, 'close');
  await expect(fetchPinnedTrust(url, new Uint8Array(32))).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('refused'),
  });
});
