import { createHash, randomBytes } from 'node:crypto';
import { systemClock } from '@qconn/clock';
import { createFaultyNetwork, type Faults, type FaultyNetwork } from '@qconn/testkit';
import { createQuicEndpoint, type Connection, type Endpoint, type TlsIdentity } from '@qconn/transport';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from './pki.ts';
import { Events, echo, readAll, readBytes, writeAll } from './waiting.ts';

/** `QCONN_FAULTS=full` runs the table at the sizes of the published figures; the suite runs a tenth of them. */
const FULL = process.env['QCONN_FAULTS'] === 'full';
const BODY_BYTES = FULL ? 10_000_000 : 1_000_000;
const MESSAGES = FULL ? 1_000 : 100;
/**
 * The figure to beat is 10 s; it is missed now and then (docs/performance.md). The suite asks whether the handshake
 * gets through at all: with the engine's backoff of 1, 2, 4, 8, 16 s, a minute gives it six chances.
 */
const HANDSHAKE_MS = FULL ? 10_000 : 60_000;
const TRIES = FULL ? 50 : 3;
const SEED = Number(process.env['QCONN_SEED'] ?? 20_260_101);

let hub: TlsIdentity;
let machine: TlsIdentity;
const open: { close(): unknown }[] = [];

beforeAll(async () => {
  const authority = await createAuthority();
  hub = await authority.issue({ ips: ['127.0.0.1'] });
  machine = await authority.issue();
});

afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
});

interface Connected {
  readonly network: FaultyNetwork;
  readonly server: Endpoint;
  readonly ours: Connection;
  readonly theirs: Connection;
}

async function connectThrough(faults: Faults = {}, seed = SEED): Promise<Connected> {
  const accepted = new Events<Connection>();
  const handler = (connection: Connection): void => {
    echo(connection);
    accepted.push(connection);
  };
  const server = await createQuicEndpoint(
    { clock: systemClock },
    { host: '127.0.0.1', tls: hub, handlers: { 'qconn/1': handler }, handshakeDeadlineMs: HANDSHAKE_MS },
  );
  open.push(server);
  const network = await createFaultyNetwork(systemClock, { target: server.address, seed, faults });
  open.push(network);
  const client = await createQuicEndpoint({ clock: systemClock }, { handshakeDeadlineMs: HANDSHAKE_MS });
  open.push(client);
  const target = { address: network.address, serverName: '127.0.0.1', alpns: ['qconn/1'], tls: machine };
  return { network, server, ours: await client.connect(target), theirs: await accepted.next() };
}

async function expectBody(connection: Connection, bytes = BODY_BYTES): Promise<void> {
  const stream = connection.openStream();
  const body = randomBytes(bytes);
  const back = readAll(stream);
  await writeAll(stream, body);
  stream.end();
  const received = await back;
  expect(received.end).toEqual({ kind: 'finished' });
  expect(sha256(received.bytes)).toBe(sha256(body));
}

async function expectMessages(connection: Connection): Promise<void> {
  const stream = connection.openStream();
  for (let index = 0; index < MESSAGES; index += 1) {
    const message = randomBytes(200);
    stream.write(message);
    if (index % 20 === 19) await readBytes(stream, 20 * 200);
  }
  stream.end();
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('the fault table', () => {
  test.each<[string, Faults]>([
    ['loss of 1 %', { loss: 0.01 }],
    ['loss of 5 %', { loss: 0.05 }],
    ['a delay of 50 ms', { delayMs: 25 }],
    ['reordering of 10 %', { reorder: 0.1 }],
    ['duplication of 10 %', { duplicate: 0.1 }],
    ['corruption of 1 %', { corrupt: 0.01 }],
    ['a narrow link that tells nobody', { mtuBytes: 1_200 }],
    ['10 MB/s with a short queue', { bytesPerSecond: 10_000_000 }],
  ])('%s: every byte arrives', async (_fault, faults) => {
    const { network, ours } = await connectThrough();
    network.setFaults(faults);
    await Promise.all([expectBody(ours), expectMessages(ours)]);
  });

  test('the network vanishes for a second: the connection lives and goes on', async () => {
    const { network, ours } = await connectThrough();
    const messages = expectMessages(ours);
    network.setBlackhole(true);
    setTimeout(() => network.setBlackhole(false), 1_000);
    await messages;
    await expectBody(ours, 100_000);
  });

  test('a handshake gets through a loss of 30 %, every time', { timeout: HANDSHAKE_MS + 10_000 }, async () => {
    const tries = Array.from({ length: TRIES }, async (_, index) => {
      const { ours } = await connectThrough({ loss: 0.3 }, SEED + index);
      return ours.alpn;
    });
    expect(new Set(await Promise.all(tries))).toEqual(new Set(['qconn/1']));
  });
});

describe('migration', () => {
  test('a NAT gives the client another port: same connection, and the server knows where it is', async () => {
    const { network, ours, theirs } = await connectThrough();
    const before = theirs.remote.port;
    const body = expectBody(ours, 3_000_000);
    await network.rebind();
    await body;
    await expectBody(ours, 100_000);
    expect(theirs.remote.port).not.toBe(before);
  });

  test('a NAT that rebinds again and again', async () => {
    const { network, ours } = await connectThrough({ delayMs: 2 });
    for (let count = 0; count < 5; count += 1) {
      await network.rebind();
      await expectBody(ours, 50_000);
    }
  });

  test('a client that has moved as often as the engine allows is told to connect anew while it still hears', async () => {
    const { network, ours } = await connectThrough();
    for (let count = 0; count < 7; count += 1) {
      await network.rebind();
      await expectBody(ours, 1_000).catch(() => undefined);
    }
    expect(await ours.closed).toMatchObject({ by: 'peer', error: { code: 'going_away', retrySafe: true } });
  });

  test('a client moves to a fresh port while a body is under way', async () => {
    const { ours, theirs } = await connectThrough();
    const before = ours.local.port;
    const body = expectBody(ours, 3_000_000);
    await ours.migrate();
    await body;
    expect(ours.local.port).not.toBe(before);
    await expectBody(ours, 100_000);
    await expectBody(ours, 100_000);
    expect(theirs.stats().streams).toBe(0);
  });

  test('a client moves several times, with a fresh connection id each', async () => {
    const { ours } = await connectThrough();
    const ports = new Set([ours.local.port]);
    for (let count = 0; count < 5; count += 1) {
      await ours.migrate();
      ports.add(ours.local.port);
      await expectBody(ours, 20_000);
    }
    expect(ports.size).toBe(6);
  });

  test('where nobody answers the move fails as unreachable and the connection stays where it was', async () => {
    const { network, ours } = await connectThrough();
    network.setBlackhole(true);
    const move = ours.migrate();
    await expect(move).rejects.toMatchObject({ code: 'unreachable' });
    network.setBlackhole(false);
    await expectBody(ours, 10_000);
  });

  test('only clients move', async () => {
    const { theirs } = await connectThrough();
    await expect(theirs.migrate()).rejects.toMatchObject({ code: 'invalid_state' });
  });
});
