import { once } from 'node:events';
import { ManualClock, systemClock, type Clock } from '@qconn/clock';
import { ERROR_TABLE, HANDSHAKE_DEADLINE_MS, type QconnError } from '@qconn/protocol';
import { lastingPort } from '@qconn/testkit';
import {
  createQuicEndpoint,
  type Connection,
  type ConnectTarget,
  type Endpoint,
  type QuicOptions,
  type RefusedHandshake,
  type TlsIdentity,
} from '@qconn/transport';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { createAuthority, type TestAuthority } from './pki.ts';
import type { AdmissionLimits } from '../src/quic/admission.ts';
import { quiche } from '../src/quic/native.ts';
import type { QuicConnection } from '../src/quic/quic-connection.ts';
import { RawClient } from './raw-client.ts';
import { Events, echo, readBytes, turn } from './waiting.ts';

let authority: TestAuthority;
let hub: TlsIdentity;
let machine: TlsIdentity;
const open: { close(): unknown }[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  hub = await authority.issue({ ips: ['127.0.0.1'] });
  machine = await authority.issue();
});

afterEach(() => Promise.all(open.splice(0).map((each) => each.close())));

interface Served {
  readonly server: Endpoint;
  readonly refused: Events<RefusedHandshake>;
  readonly accepted: Events<Connection>;
}

async function serve(options: QuicOptions = {}, clock: Clock = systemClock): Promise<Served> {
  const refused = new Events<RefusedHandshake>();
  const accepted = new Events<Connection>();
  const handler = (connection: Connection): void => {
    echo(connection);
    accepted.push(connection);
  };
  const server = await createQuicEndpoint(
    { clock, onRefused: refused.push },
    { host: '127.0.0.1', tls: hub, handlers: { 'qconn/1': handler }, ...options },
  );
  open.push(server);
  return { server, refused, accepted };
}

async function dial(server: Endpoint, changes: Partial<ConnectTarget> = {}): Promise<Connection> {
  const client = await createQuicEndpoint({ clock: systemClock });
  open.push(client);
  return client.connect({
    address: server.address,
    serverName: '127.0.0.1',
    alpns: ['qconn/1'],
    tls: machine,
    ...changes,
  });
}

async function expectEcho(connection: Connection): Promise<void> {
  const stream = connection.openStream();
  stream.write(Buffer.from('alive'));
  expect(String(await readBytes(stream, 5))).toBe('alive');
}

/** The code with which a connection fails: at once, or just after a TLS 1.3 client believed itself connected. */
async function failure(server: Endpoint): Promise<string> {
  return dial(server).then(
    async ({ closed }) => (await closed).error.code,
    (error: QconnError) => error.code,
  );
}

async function raw(server: Endpoint): Promise<RawClient> {
  const client = await RawClient.create(server.address, machine);
  open.push(client);
  return client;
}

async function established(server: Endpoint): Promise<RawClient> {
  const client = await raw(server);
  await client.until(() => client.native.isEstablished());
  return client;
}

test('with Retry always on, a client that answers it gets in', async () => {
  const { server } = await serve({ admission: { retryFrom: 0 } });
  await expectEcho(await dial(server));
});

test('a first packet is answered with a Retry that is smaller, and leaves no state', async () => {
  const { server, refused } = await serve({ admission: { retryFrom: 0 } });
  const client = await raw(server);
  client.flush();
  await client.until(() => client.heard > 0);
  expect(client.heard).toBeLessThan(300);
  expect(refused.unread).toBe(0);
});

test('a server sends at most three times what an unproven address has sent (RFC 9000, section 8.1)', async () => {
  const { server, refused } = await serve({ handshakeDeadlineMs: 700 });
  const client = await raw(server);
  const first = client.packet();
  client.socket.on('message', (bytes) => (client.heard += bytes.length));
  await client.send(first ?? Buffer.alloc(0));
  while (client.heard === 0) await turn();
  expect((await refused.next()).error.code).toBe('handshake_timeout');
  expect(client.heard).toBeLessThanOrEqual(3 * 1_200);
  expect(server.connections).toBe(0);
});

test('a client that stalls its handshake is dropped at the deadline', async () => {
  const clock = new ManualClock(Date.now());
  const { server, refused } = await serve({}, clock);
  const client = await raw(server);
  const answered = once(client.socket, 'message');
  client.flush();
  await answered;
  clock.advance(HANDSHAKE_DEADLINE_MS - 1);
  expect(refused.unread).toBe(0);
  clock.advance(1);
  expect((await refused.next()).error.code).toBe('handshake_timeout');
});

test('a handshake that grows and grows is cut off', async () => {
  const { server, refused } = await serve();
  const client = await raw(server);
  const first = client.packet() ?? Buffer.alloc(0);
  for (let bytes = 0; bytes <= 64 * 1024; bytes += first.length) await client.send(first);
  expect((await refused.next()).error).toMatchObject({
    code: 'flood',
    message: expect.stringContaining('bytes of handshake'),
  });
});

test.each<Partial<AdmissionLimits>>([{ maxConnections: 1 }, { maxConnectionsPerSource: 1 }])(
  'beyond %o clients hear that the endpoint is full, and fit in later',
  async (admission) => {
    const { server, refused } = await serve({ admission });
    const first = await dial(server);
    await expectEcho(first);
    expect(await failure(server)).toBe('overloaded');
    expect((await refused.next()).error.code).toBe('overloaded');
    first.close(0x40, '');
    await expect.poll(() => server.connections).toBe(0);
    await expect
      .poll(async () =>
        expectEcho(await dial(server)).then(
          () => 'in',
          () => 'full',
        ),
      )
      .toBe('in');
  },
);

test('a peer that falls silent is given up after the idle timeout, by both sides', async () => {
  const { server, accepted } = await serve({ idleTimeoutMs: 200 });
  const connection = await dial(server);
  const ends = [await connection.closed, await (await accepted.next()).closed];
  for (const end of ends) expect(end).toMatchObject({ by: 'timeout', error: { code: 'idle_timeout' } });
});

test('a client that has nothing to say says so again and again, and is answered', async () => {
  const { server, accepted } = await serve();
  const client = await createQuicEndpoint({ clock: systemClock }, { keepAliveMs: 5 });
  open.push(client);
  const target = { address: server.address, serverName: '127.0.0.1', alpns: ['qconn/1'], tls: machine };
  const connection = await client.connect(target);
  const theirs = await accepted.next();
  const [before, answered] = [theirs.stats().packetsReceived, connection.stats().packetsReceived];
  while (theirs.stats().packetsReceived < before + 20 || connection.stats().packetsReceived < answered + 10)
    await turn();
});

test('an endpoint that drains ignores strangers and keeps its connections', async () => {
  const { server } = await serve();
  const connection = await dial(server);
  const drained = server.drain(60_000);
  const client = await createQuicEndpoint({ clock: systemClock }, { handshakeDeadlineMs: 200 });
  open.push(client);
  const target = { address: server.address, serverName: '127.0.0.1', alpns: ['qconn/1'], tls: machine };
  await expect(client.connect(target)).rejects.toMatchObject({ code: 'unreachable' });
  await expectEcho(connection);
  connection.close(ERROR_TABLE.going_away.wire, '');
  await drained;
});

test('a flood of pings is cut off with the reason', async () => {
  const { server, accepted } = await serve();
  const client = await established(server);
  const connection = await accepted.next();
  client.socket.on('message', (bytes) => client.take(bytes));
  let over = false;
  void connection.closed.then(() => (over = true));
  while (!over) {
    for (let count = 0; count < 100; count += 1) {
      client.native.sendAckEliciting();
      client.flush();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await connection.closed).error).toMatchObject({
    code: 'flood',
    message: expect.stringContaining('next to nothing'),
  });
  await expectEcho(await dial(server));
});

test('rapid resets are cut off with the reason', async () => {
  // All of it is one second: a slow machine makes too few in one to be cut off for them.
  const { server, accepted } = await serve({}, new ManualClock(Date.now()));
  const client = await established(server);
  const connection = await accepted.next();
  client.socket.on('message', (bytes) => client.take(bytes));
  let over = false;
  void connection.closed.then(() => (over = true));
  for (let id = 0; !over; id += 4) {
    try {
      client.native.streamSend(id, Buffer.from('x'), false);
      client.native.streamShutdown(id, quiche.Shutdown.Write, 7);
      client.native.streamShutdown(id, quiche.Shutdown.Read, 7);
    } catch {
      id -= 4;
    }
    client.flush();
    if (id % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await connection.closed).error).toMatchObject({ code: 'flood', message: expect.stringContaining('resets') });
});

test('a client of a restarted hub learns at its next word that the hub has forgotten it', async () => {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const port = await lastingPort();
  const { server, accepted } = await serve({ secret, port });
  const client = await established(server);
  await accepted.next();
  client.socket.removeAllListeners('message');
  await server.close();
  await serve({ secret, port });
  client.native.streamSend(0, Buffer.alloc(100), false);
  client.flush();
  await client.until(() => client.native.isClosed());
});

test.each([
  ['when the packet itself waits to be read', true],
  ['unless the packet itself has not come', false],
])('a hub that was kept from its work takes no copy from another port for a move %s', async (_when, comes) => {
  const clock = new ManualClock(Date.now());
  const { server, accepted } = await serve({}, clock);
  const client = await established(server);
  const connection = (await accepted.next()) as QuicConnection;
  const home = connection.remote;
  const elsewhere = { ...home, port: home.port + 1 };
  client.native.sendAckEliciting();
  const packet = client.packet() ?? Buffer.alloc(0);
  connection.receive(Buffer.from(packet), elsewhere, server.address);
  await turn();
  clock.advance(50);
  if (comes) connection.receive(Buffer.from(packet), home, server.address);
  await turn();
  expect(connection.remote).toEqual(comes ? home : elsewhere);
});

test('a server reloads its identity: new connections see it, live ones go on', async () => {
  const { server } = await serve();
  const before = await dial(server);
  server.reload(await authority.issue({ ips: ['127.0.0.1'] }));
  const after = await dial(server);
  expect(
    Buffer.compare(before.peerCertificates[0] ?? Buffer.alloc(0), after.peerCertificates[0] ?? Buffer.alloc(0)),
  ).not.toBe(0);
  await expectEcho(before);
  await expectEcho(after);
});

test('a reload of the trust bundle lets in those of the new root and keeps out those of the old', async () => {
  const { server } = await serve();
  const next = await createAuthority('next root');
  const bundle = [authority.rootPem, next.rootPem];
  server.reload({ ...hub, trustPem: bundle });
  const newcomer = { ...(await next.issue()), trustPem: bundle };
  await expectEcho(await dial(server, { tls: newcomer }));
  await expectEcho(await dial(server));
  server.reload({ ...hub, trustPem: [next.rootPem] });
  expect((await (await dial(server)).closed).error.code).toBe('certificate_untrusted');
});

test('a reload with an unusable identity throws and changes nothing', async () => {
  const { server } = await serve();
  expect(() => server.reload({ ...hub, keyPem: machine.keyPem })).toThrow(
    expect.objectContaining({ code: 'tls_config' }),
  );
  await expectEcho(await dial(server));
});

test('one socket serves IPv4 and IPv6', async () => {
  const both = await authority.issue({ ips: ['127.0.0.1', '::1'] });
  const { server, accepted } = await serve({ host: '::', tls: both });
  const { port } = server.address;
  for (const host of ['127.0.0.1', '::1']) {
    await expectEcho(await dial(server, { address: { host, port }, serverName: host }));
    expect((await accepted.next()).remote.host).toBe(host);
  }
});

test('a client that sends a body with its first breath is not taken for a flood', async () => {
  const { server } = await serve();
  for (let count = 0; count < 5; count += 1) {
    const connection = await dial(server);
    const stream = connection.openStream();
    stream.write(Buffer.alloc(250_000));
    expect(await readBytes(stream, 250_000)).toHaveLength(250_000);
  }
});

test('a client that closes in the breath in which it connects is not left open at the server', async () => {
  const { server, accepted } = await serve();
  const client = await createQuicEndpoint({ clock: systemClock });
  open.push(client);
  const target = { address: server.address, serverName: '127.0.0.1', alpns: ['qconn/1'], tls: machine };
  for (let count = 0; count < 50; count += 1) (await client.connect(target)).close(ERROR_TABLE.going_away.wire, 'bye');
  for (let count = 0; count < 50; count += 1) {
    expect(await (await accepted.next()).closed).toMatchObject({ by: 'peer', error: { code: 'going_away' } });
  }
  expect(server.connections).toBe(0);
});
