import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { systemClock } from '@qconn/clock';
import { lastingPort } from '@qconn/testkit';
import {
  createQuicEndpoint,
  type ConnectTarget,
  type Endpoint,
  type RefusedHandshake,
  type TlsIdentity,
} from '@qconn/transport';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { UdpSocket } from '../src/quic/udp-socket.ts';
import { createAuthority, type TestAuthority } from './pki.ts';
import { RawClient } from './raw-client.ts';
import { Events, echo, readBytes } from './waiting.ts';

const DAY = 86_400_000;

let authority: TestAuthority;
let machine: TlsIdentity;
let server: Endpoint;
let client: Endpoint;
const refused = new Events<RefusedHandshake>();

beforeAll(async () => {
  authority = await createAuthority();
  machine = await authority.issue({ name: 'machine' });
  server = await serve(await authority.issue({ dns: ['hub.example'], ips: ['127.0.0.1'] }));
  client = await createQuicEndpoint({ clock: systemClock });
});

afterAll(() => Promise.all([server.close(), client.close()]));

function serve(tls: TlsIdentity): Promise<Endpoint> {
  return createQuicEndpoint(
    { clock: systemClock, onRefused: refused.push },
    { host: '127.0.0.1', tls, handlers: { 'qconn/1': echo } },
  );
}

function target(changes: Partial<ConnectTarget> = {}): ConnectTarget {
  return { address: server.address, serverName: '127.0.0.1', alpns: ['qconn/1'], tls: machine, ...changes };
}

/** The code with which a connection fails: at once, or just after a TLS 1.3 client believed itself connected. */
async function failureOf(parameters: ConnectTarget): Promise<string> {
  try {
    const connection = await client.connect(parameters);
    return (await connection.closed).error.code;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

async function expectServing(): Promise<void> {
  const connection = await client.connect(target());
  const stream = connection.openStream();
  stream.write(Buffer.from('alive'));
  expect(String(await readBytes(stream, 5))).toBe('alive');
  connection.close(0x40, '');
}

test('a client of another protocol hears so, and the server notes it', async () => {
  expect(await failureOf(target({ alpns: ['smtp'] }))).toBe('no_alpn');
  expect((await refused.next()).error.code).toBe('no_alpn');
  await expectServing();
});

test('a client without a certificate', async () => {
  expect(await failureOf(target({ tls: { keyPem: '', chainPem: [], trustPem: machine.trustPem } }))).toBe(
    'certificate_required',
  );
  expect(await refused.next()).toMatchObject({
    error: { code: 'certificate_required' },
    remote: { host: '127.0.0.1' },
  });
  await expectServing();
});

test('a client with a certificate of another CA, even one of the same name', async () => {
  const stranger = await (await createAuthority()).issue({ name: 'machine' });
  expect(await failureOf(target({ tls: { ...stranger, trustPem: machine.trustPem } }))).toMatch(
    /^certificate_(untrusted|rejected)$/,
  );
  expect((await refused.next()).error.code).toMatch(/^certificate_(untrusted|rejected)$/);
  await expectServing();
});

test('a client whose own chain is accompanied by somebody else’s good certificate', async () => {
  const stranger = await (await createAuthority('other root')).issue({ name: 'machine' });
  const smuggled = {
    keyPem: stranger.keyPem,
    chainPem: [...stranger.chainPem, ...machine.chainPem],
    trustPem: machine.trustPem,
  };
  expect(await failureOf(target({ tls: smuggled }))).toBe('certificate_untrusted');
  expect((await refused.next()).error.code).toBe('certificate_untrusted');
  await expectServing();
});

test.each([
  ['expired', { validFrom: -2 * DAY, validUntil: -DAY }],
  ['not yet valid', { validFrom: DAY, validUntil: 2 * DAY }],
])('a client whose certificate is %s', async (_state, validity) => {
  const tls = await authority.issue({ name: 'machine', ...validity });
  expect(await failureOf(target({ tls }))).toBe('certificate_expired');
  expect((await refused.next()).error.code).toBe('certificate_expired');
  await expectServing();
});

test('a server whose certificate has expired is not trusted, and hears so', async () => {
  const expired = await serve(await authority.issue({ ips: ['127.0.0.1'], validFrom: -2 * DAY, validUntil: -DAY }));
  await expect(client.connect(target({ address: expired.address }))).rejects.toMatchObject({
    code: 'hub_untrusted',
    message: expect.stringContaining('expired'),
    facts: { tlsAlert: 45, aboutTime: true },
  });
  expect((await refused.next()).error.code).toBe('hub_untrusted');
  await expired.close();
});

test('a server of another CA is not trusted', async () => {
  const strange = await serve(await (await createAuthority('other root')).issue({ ips: ['127.0.0.1'] }));
  const { port } = strange.address;
  await expect(client.connect(target({ address: strange.address }))).rejects.toMatchObject({
    code: 'hub_untrusted',
    message: `At 127.0.0.1 port ${port} the server’s certificate does not verify: the certificate leads to no trusted CA.`,
  });
  await expect(client.connect(target({ address: strange.address, serverName: 'hub.example' }))).rejects.toMatchObject({
    message: expect.stringContaining(`At hub.example (127.0.0.1 port ${port}) the server’s`),
  });
  for (let count = 0; count < 2; count += 1) expect((await refused.next()).error.code).toBe('hub_untrusted');
  await strange.close();
});

test.each(['other.example', '127.0.0.2', 'hub.example.evil.example'])(
  'a server whose certificate is not for %s is not trusted',
  async (serverName) => {
    await expect(client.connect(target({ serverName }))).rejects.toMatchObject({ code: 'hub_untrusted' });
  },
);

test('a server is known by each name and address in its certificate', async () => {
  for (const serverName of ['hub.example', '127.0.0.1']) {
    const connection = await client.connect(target({ serverName }));
    connection.close(0x40, '');
  }
});

test('a key that is not the certificate’s, and an empty trust bundle, fail before anything is sent', async () => {
  const other = await authority.issue();
  await expect(client.connect(target({ tls: { ...machine, keyPem: other.keyPem } }))).rejects.toMatchObject({
    code: 'tls_config',
  });
  await expect(client.connect(target({ tls: { ...machine, trustPem: [] } }))).rejects.toMatchObject({
    code: 'tls_config',
  });
  await expect(client.connect(target({ tls: { ...machine, chainPem: ['nonsense'] } }))).rejects.toMatchObject({
    code: 'tls_config',
  });
});

test('garbage, truncated and foreign datagrams are dropped in silence', async () => {
  const stranger = createSocket('udp4');
  const { port } = server.address;
  const send = (bytes: Uint8Array): Promise<unknown> =>
    new Promise((resolve) => stranger.send(bytes, port, '127.0.0.1', resolve));
  for (const length of [0, 1, 5, 6, 20, 1_199, 1_200, 1_350, 9_000]) await send(randomBytes(length));
  const initial = Buffer.concat([
    Buffer.from([0xc3, 0, 0, 0, 1, 8]),
    randomBytes(8),
    Buffer.from([8]),
    randomBytes(1_300),
  ]);
  for (const length of [1, 6, 10, 14, 200, 1_199, 1_250]) await send(initial.subarray(0, length));
  await expectServing();
  stranger.close();
  expect(server.connections).toBeLessThanOrEqual(2);
});

test('a first packet that cannot be decrypted leaves no state, and is not answered', async () => {
  const starter = await RawClient.create(server.address, machine);
  const first = starter.packet() ?? Buffer.alloc(0);
  const unread = refused.unread;
  for (let index = 100; index < 200; index += 1) {
    const spoilt = Buffer.from(first);
    spoilt[index] = (spoilt[index] ?? 0) ^ 1;
    await starter.send(spoilt);
  }
  await expectServing();
  await starter.send(first);
  await starter.until(() => starter.heard > 0);
  starter.close();
  expect(refused.unread).toBe(unread);
});

test('an unknown version is answered with those that are spoken (RFC 9000, section 6)', async () => {
  const stranger = createSocket('udp4');
  const packet = Buffer.alloc(1_200);
  packet.set([0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 8, 11, 12, 13, 14, 15, 16, 17, 18]);
  const answered = once(stranger, 'message');
  stranger.send(packet, server.address.port, '127.0.0.1');
  const [answer] = (await answered) as [Buffer];
  expect(answer.readUInt32BE(1)).toBe(0);
  expect(answer.readUInt32BE(answer.length - 4)).toBe(1);
  stranger.close();
});

test('nobody at the address', async () => {
  const address = { host: '127.0.0.1', port: await lastingPort() };
  await expect(client.connect(target({ address }))).rejects.toMatchObject({ code: 'unreachable' });
});

test('an address that the engine cannot take is unreachable, and leaves no socket behind', async () => {
  const connects = vi.spyOn(UdpSocket, 'connect');
  onTestFinished(() => connects.mockRestore());
  // The system takes it for this machine, the engine does not.
  await expect(client.connect(target({ address: { host: '', port: 9 } }))).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('no such address'),
  });
  const socket = await connects.mock.results[0]?.value;
  expect(() => socket?.buffers).toThrow();
});

test('somebody at the address who never answers: the handshake deadline, and no connection left', async () => {
  const silent = createSocket('udp4').bind(0, '127.0.0.1');
  await once(silent, 'listening');
  const impatient = await createQuicEndpoint({ clock: systemClock }, { handshakeDeadlineMs: 100 });
  const address = { host: '127.0.0.1', port: silent.address().port };
  await expect(impatient.connect(target({ address }))).rejects.toMatchObject({
    code: 'unreachable',
    message: `127.0.0.1 port ${address.port} (UDP) did not answer.`,
  });
  expect(impatient.connections).toBe(0);
  await impatient.close();
  silent.close();
});

test('an address that is taken', async () => {
  const tls = await authority.issue();
  const same = createQuicEndpoint(
    { clock: systemClock },
    { host: '127.0.0.1', port: server.address.port, tls, handlers: { 'qconn/1': echo } },
  );
  await expect(same).rejects.toMatchObject({ code: 'address_in_use' });
});

test('an endpoint that is to serve and has no handler', async () => {
  const tls = await authority.issue();
  const idle = createQuicEndpoint({ clock: systemClock }, { host: '127.0.0.1', tls, handlers: {} });
  await expect(idle).rejects.toMatchObject({ code: 'no_handler' });
});
