import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { createTestPki, type TestIdentity, type TestPki } from '@qconn/testkit';
import { inspectCertificate } from '@qconn/identity';
import { beforeAll, expect, test } from 'vitest';

let pki: TestPki;
let other: TestPki;

beforeAll(async () => {
  [pki, other] = await Promise.all([createTestPki(), createTestPki()]);
});

/**
 * What OpenSSL at both ends makes of one mutually authenticated TLS 1.3 handshake: the client's error, else
 * the server's, else the fingerprint that the server saw.
 */
async function handshake(server: TestIdentity, client: TestIdentity | undefined): Promise<string> {
  const listener = createServer({
    key: server.keyPem,
    cert: server.chain,
    ca: pki.rootPem,
    requestCert: true,
    rejectUnauthorized: false, // Else Node says no more than that the connection was reset.
    minVersion: 'TLSv1.3',
  });
  const accepted = new Promise<TLSSocket>((resolve) => listener.on('secureConnection', resolve));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const identity: ConnectionOptions = client === undefined ? {} : { key: client.keyPem, cert: client.chain };
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: pki.rootPem, ...identity });
  try {
    await once(socket, 'secureConnect');
    return verdictOf(await accepted);
  } catch (error) {
    return `client: ${(error as NodeJS.ErrnoException).code}`;
  } finally {
    socket.destroy();
    listener.close();
  }
}

function verdictOf(socket: TLSSocket): string {
  socket.on('error', () => undefined);
  // An Error by its type, a code by what Node does.
  if (!socket.authorized) return `server: ${String(socket.authorizationError)}`;
  return inspectCertificate(socket.getPeerCertificate().raw).fingerprint;
}

test('a hub and a machine authenticate each other', async () => {
  const machine = await pki.machine();
  expect(await handshake(await pki.server(), machine)).toBe(machine.fingerprint);
});

test.each([
  [
    'a machine of another CA',
    async () => handshake(await pki.server(), await other.machine()),
    'server: UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  ],
  [
    'an expired machine',
    async () => handshake(await pki.server(), await pki.expiredMachine()),
    'server: CERT_HAS_EXPIRED',
  ],
  [
    'a hub’s certificate in a machine’s place',
    async () => handshake(await pki.server(), await pki.server()),
    'server: INVALID_PURPOSE',
  ],
  ['no certificate', async () => handshake(await pki.server(), undefined), 'server: UNABLE_TO_GET_ISSUER_CERT'],
  [
    'a hub of another CA',
    async () => handshake(await other.server(), await pki.machine()),
    'client: UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  ],
  ['an expired hub', async () => handshake(await pki.expiredServer(), await pki.machine()), 'client: CERT_HAS_EXPIRED'],
  [
    'a machine’s certificate in a hub’s place',
    async () => handshake(await pki.machine(), await pki.machine()),
    'client: INVALID_PURPOSE',
  ],
  [
    'a hub of another name',
    async () => handshake(await pki.server(['hub.example']), await pki.machine()),
    'client: ERR_TLS_CERT_ALTNAME_INVALID',
  ],
])('TLS refuses %s', async (_what, attempt, verdict) => {
  expect(await attempt()).toBe(verdict);
});
