import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { ManualClock, systemClock, type Clock } from '@qconn/clock';
import { createQuicEndpoint, type Connection } from '@qconn/transport';
import { afterEach, expect, test } from 'vitest';
import { ACTIVE_CONNECTION_IDS } from '../src/quic/options.ts';
import type { QuicConnection } from '../src/quic/quic-connection.ts';
import { ForgingClient, varint } from './forging-client.ts';
import { createHubAndMachine } from './pki.ts';
import { Events, echo, readBytes, turn } from './waiting.ts';

/** What a peer with a certificate can do to the engine by its public advisories, and what stops it: docs/security.md. */
const MB = 1_000_000;

const { hub, machine } = await createHubAndMachine();
const open: { close(): unknown }[] = [];

afterEach(() => Promise.all(open.splice(0).map((each) => each.close())));

interface Scene {
  readonly forger: ForgingClient;
  /** The server's end of the forger's connection. */
  readonly attacked: Connection;
  readonly ended: () => boolean;
  /** Somebody else is served as ever. */
  readonly expectServing: () => Promise<void>;
}

async function scene(clock: Clock = systemClock): Promise<Scene> {
  const accepted = new Events<Connection>();
  const handler = (connection: Connection): void => {
    echo(connection);
    accepted.push(connection);
  };
  const server = await createQuicEndpoint({ clock }, { host: '127.0.0.1', tls: hub, handlers: { 'qconn/1': handler } });
  const forger = await ForgingClient.connect(server.address, machine);
  const client = await createQuicEndpoint({ clock: systemClock });
  open.push(server, forger, client);
  const attacked = await accepted.next();
  let over = false;
  void attacked.closed.then(() => (over = true));
  const expectServing = async (): Promise<void> => {
    const target = { address: server.address, serverName: '127.0.0.1', alpns: ['qconn/1'], tls: machine };
    const stream = (await client.connect(target)).openStream();
    stream.write(Buffer.from('alive'));
    expect(String(await readBytes(stream, 5))).toBe('alive');
  };
  return { forger, attacked, ended: () => over, expectServing };
}

test.each<[string, (index: number) => Buffer]>([
  [
    'CVE-2023-6193: path challenges whose answers pile up',
    () => Buffer.concat(Array.from({ length: 20 }, () => Buffer.concat([Buffer.of(0x1a), randomBytes(8)]))),
  ],
  [
    'CVE-2024-1410, CVE-2025-7054: new connection ids that retire the ones before',
    (index) =>
      Buffer.concat([Buffer.of(0x18), varint(8 + index), varint(8 + index), Buffer.of(8), randomBytes(8 + 16)]),
  ],
  [
    'CVE-2024-1765: CRYPTO frames after the handshake, with a gap before them',
    (index) => Buffer.concat([Buffer.of(0x06), varint(20_000 + index * 1_000), varint(900), Buffer.alloc(900)]),
  ],
  [
    'CVE-2025-4821: acknowledgements of what was never sent',
    (index) => Buffer.concat([Buffer.of(0x02), varint(1_000 + index * 1_000), varint(0), varint(0), varint(900)]),
  ],
  [
    'streams in frames of one byte, a packet each',
    (index) => Buffer.concat([Buffer.of(0x0e, 0), varint(index), Buffer.of(1, 0x71)]),
  ],
])('%s: cut off, with little memory taken', async (_what, frames) => {
  const { forger, attacked, ended, expectServing } = await scene();
  const before = process.memoryUsage().rss;
  await forger.flood(frames, ended);
  expect((await attacked.closed).error.message).toMatch(/datagrams that carry next to nothing/);
  expect(process.memoryUsage().rss - before).toBeLessThan(60 * MB);
  await expectServing();
});

test('CRYPTO frames after the handshake, one after another: the first that is no message of TLS ends it', async () => {
  const { forger, attacked, ended, expectServing } = await scene();
  const frames = (index: number): Buffer =>
    Buffer.concat([Buffer.of(0x06), varint(index * 900), varint(900), Buffer.alloc(900)]);
  await forger.flood(frames, ended);
  expect((await attacked.closed).by).toBe('transport');
  await expectServing();
});

test('a connection id that was never given out is retired: the connection ends', async () => {
  const { forger, attacked, ended, expectServing } = await scene();
  await forger.flood(() => Buffer.concat([Buffer.of(0x19), varint(1_000), Buffer.alloc(4)]), ended);
  expect((await attacked.closed).error.message).toContain('0xa');
  await expectServing();
});

test('CVE-2025-4820: acknowledgements ahead of what was sent give a peer no more than it has asked for', async () => {
  const { forger, attacked, ended, expectServing } = await scene();
  const before = process.memoryUsage().rss;
  // A stream of the client's with 900 bytes in each packet, echoed, and everything up to far ahead acknowledged.
  const frames = (index: number): Buffer =>
    Buffer.concat([
      Buffer.of(0x02, ...varint(1_000_000 + index), 0, 0, ...varint(1_000_000)),
      Buffer.of(0x0e, 0, ...varint(index * 900), ...varint(900)),
      Buffer.alloc(900),
    ]);
  await forger.flood(frames, ended, 3_000);
  expect(attacked.stats().bytesSent).toBeLessThan(12 * MB);
  expect(process.memoryUsage().rss - before).toBeLessThan(60 * MB);
  await expectServing();
});

test('connection ids that a peer uses up as fast as it is given new ones: cut off', async () => {
  // All of it is one second.
  const { forger, attacked, ended, expectServing } = await scene(new ManualClock(Date.now()));
  const { native } = attacked as QuicConnection;
  // A server gives two at first, and all that fit once one has been used up.
  let [retired, given] = [0, 2];
  while (!ended()) {
    const frames = Array.from({ length: given }, (_, index) =>
      Buffer.concat([Buffer.of(0x19), varint(retired + index + 1)]),
    );
    retired += given;
    given = ACTIVE_CONNECTION_IDS - 1;
    const { recv } = native.stats();
    await forger.raw.send(forger.packet(Buffer.concat(frames)));
    while (!ended() && native.stats().recv === recv) await turn();
    while (!ended() && native.activeSourceCids() < ACTIVE_CONNECTION_IDS) await turn();
  }
  expect((await attacked.closed).error).toMatchObject({
    code: 'flood',
    message: expect.stringContaining('connection ids'),
  });
  await expectServing();
});

/** Sockets at other ports or hosts, from which a peer sends with one and the same connection id. */
async function socketsAt(hosts: readonly string[]): Promise<Socket[]> {
  const sockets = hosts.map((host) => createSocket('udp4').bind(0, host));
  for (const socket of sockets) open.push({ close: () => socket.close() });
  await Promise.all(sockets.map((socket) => once(socket, 'listening')));
  return sockets;
}

const PING = Buffer.of(0x01);

test('CVE-2026-12707: one connection id from ever more ports leaves no events, no paths, and no work', async () => {
  const { forger, attacked, expectServing } = await scene();
  const { native } = attacked as QuicConnection;
  const sockets = await socketsAt(Array.from({ length: 50 }, () => '127.0.0.1'));
  for (const socket of sockets)
    for (let count = 0; count < 4; count += 1) await forger.raw.send(forger.packet(PING), socket);
  while (native.stats().recv < 200) await turn();
  expect(native.pathEventNext()).toBeNull();
  expect(native.stats().pathsCount).toBe(1);
  await expectServing();
});

// 127.0.0.2 and the like are there without being set up on Linux alone.
test.runIf(process.platform === 'linux')(
  'CVE-2026-12707: one connection id from hosts in turn is cut off',
  async () => {
    const { forger, attacked, ended, expectServing } = await scene();
    const sockets = await socketsAt(['127.0.0.2', '127.0.0.3', '127.0.0.4']);
    for (let count = 0; !ended(); count += 1) {
      await forger.raw.send(forger.packet(PING), sockets[count % sockets.length]);
      await turn();
    }
    expect((await attacked.closed).error.code).toBe('flood');
    expect((attacked as QuicConnection).native.pathEventNext()).toBeNull();
    await expectServing();
  },
);
