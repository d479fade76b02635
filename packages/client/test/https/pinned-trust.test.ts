import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
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

test('a server with another root is not the hub of the token, and is sent not one byte', async () => {
  let requests = 0;
  server = await TlsServer.start(() => requests++);
  await expect(fetchPinnedTrust(server.url, new Uint8Array(32))).rejects.toMatchObject({ code: 'pin_mismatch' });
  expect(requests).toBe(0);
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
  plain.listen(0, '127.0.0.1');
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
