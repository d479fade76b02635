import { randomBytes } from 'node:crypto';
import { ManualClock, systemClock, type Clock } from '@qconn/clock';
import { HANDSHAKE_DEADLINE_MS } from '@qconn/protocol';
import { PacketTap } from '@qconn/testkit';
import {
  createQuicEndpoint,
  type Connection,
  type ConnectTarget,
  type Endpoint,
  type QuicOptions,
  type SocketAddress,
  type Stream,
} from '@qconn/transport';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAuthority, createHubAndMachine } from './pki.ts';
import { Events, readBytes, settlesSoon } from './waiting.ts';

const HELLO = Buffer.from('hello');

const { hub, machine } = await createHubAndMachine();
let served: Events<Served>;
const open: { close(): unknown }[] = [];

/** What a handler was given, and whether the handshake had finished when each thing came. */
interface Served {
  readonly connection: Connection;
  readonly establishedAtFirst: boolean;
  /** Resolves with the first five bytes, and whether the handshake had finished by then. */
  readonly hello: Promise<{ text: string; established: boolean }>;
}

beforeEach(() => {
  served = new Events();
});

afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
});

/** Answers a hello at once, as a hub does, and notes what it knew when it came. */
function greet(connection: Connection): void {
  const { promise: hello, resolve } = Promise.withResolvers<{ text: string; established: boolean }>();
  served.push({ connection, establishedAtFirst: connection.established, hello });
  connection.onStream((stream) => {
    stream.read({
      data: (chunk) => {
        resolve({ text: Buffer.from(chunk).toString(), established: connection.established });
        stream.write(Buffer.from('welcome'));
      },
      end: () => undefined,
    });
  });
}

async function serve(options: Partial<QuicOptions> = {}, clock: Clock = systemClock): Promise<Endpoint> {
  const server = await createQuicEndpoint(
    { clock },
    { host: '127.0.0.1', tls: hub, handlers: { 'qconn/1': greet }, earlyData: true, ...options },
  );
  open.push(server);
  return server;
}

async function dial(address: SocketAddress, changes: Partial<ConnectTarget> = {}): Promise<Connection> {
  const client = await createQuicEndpoint({ clock: systemClock });
  open.push(client);
  return client.connect({ address, serverName: '127.0.0.1', alpns: ['qconn/1'], tls: machine, ...changes });
}

async function ticketOf(server: Endpoint): Promise<Uint8Array> {
  const given = Promise.withResolvers<Uint8Array>();
  const connection = await dial(server.address, { onTicket: given.resolve });
  // Whoever closes before it has come gets none.
  const ticket = await given.promise;
  connection.close(0x40, '');
  await served.next();
  return ticket;
}

/** Says hello in the first packet. @returns the connection, and the stream on which the welcome comes */
async function sayHello(address: SocketAddress, ticket: Uint8Array): Promise<{ connection: Connection; on: Stream }> {
  let on: Stream | undefined;
  const early = (connection: Connection): void => {
    on = connection.openStream();
    on.write(HELLO);
  };
  const connection = await dial(address, { ticket, early });
  return { connection, on: on ?? Promise.reject(new Error('nothing could be said early')) } as never;
}

test('a handler that takes early data answers a hello before the handshake has finished', async () => {
  const server = await serve();
  const { connection, on } = await sayHello(server.address, await ticketOf(server));
  const { establishedAtFirst, hello, connection: theirs } = await served.next();
  expect(establishedAtFirst).toBe(false);
  expect(await hello).toEqual({ text: 'hello', established: false });
  expect(String(await readBytes(on, 7))).toBe('welcome');
  await new Promise<void>((resolve) => theirs.whenEstablished(resolve));
  expect([theirs.established, theirs.resumed, connection.resumed]).toEqual([true, true, true]);
  expect(theirs.peerCertificates).toHaveLength(1);
});

test('without asking for it a handler sees early data only after the handshake', async () => {
  const server = await serve({ earlyData: false });
  const { on } = await sayHello(server.address, await ticketOf(server));
  const { establishedAtFirst, hello } = await served.next();
  expect(establishedAtFirst).toBe(true);
  expect(await hello).toEqual({ text: 'hello', established: true });
  expect(String(await readBytes(on, 7))).toBe('welcome');
});

test('a server that does not take the ticket gets what was said early after a full handshake', async () => {
  const ticket = await ticketOf(await serve());
  const { connection, on } = await sayHello((await serve({ secret: randomBytes(32) })).address, ticket);
  const { establishedAtFirst, hello } = await served.next();
  expect(establishedAtFirst).toBe(true);
  expect(await hello).toEqual({ text: 'hello', established: true });
  expect(String(await readBytes(on, 7))).toBe('welcome');
  expect(connection.resumed).toBe(false);
});

test('nothing can be said early with a ticket that cannot be read', async () => {
  const server = await serve();
  let asked = false;
  const connection = await dial(server.address, { ticket: randomBytes(200), early: () => (asked = true) });
  expect([asked, connection.resumed]).toEqual([false, false]);
});

test('whoever fails to say something early is told so, and nothing of the connection stays', async () => {
  const server = await serve();
  const ticket = await ticketOf(server);
  const client = await createQuicEndpoint({ clock: systemClock });
  open.push(client);
  const cause = new TypeError('no hello');
  const early = (): never => {
    throw cause;
  };
  const calledOff = new AbortController();
  const tls = { serverName: '127.0.0.1', alpns: ['qconn/1'], tls: machine };
  const dialled = client.connect({ address: server.address, ...tls, ticket, early, signal: calledOff.signal });
  await expect(dialled).rejects.toMatchObject({ code: 'internal', cause });
  // Nobody waits for that connection any more: its end must not be an error that nobody takes.
  calledOff.abort();
  await client.close();
  expect(served.unread).toBe(0);
});

test('a replayed hello is seen again, and never as an established connection', async () => {
  const clock = new ManualClock(Date.now());
  const server = await serve({}, clock);
  const tap = await PacketTap.before(server.address);
  open.push(tap);
  const { connection, on } = await sayHello(tap.address, await ticketOf(server));
  await readBytes(on, 7);
  const first = await served.next();
  await new Promise<void>((resolve) => first.connection.whenEstablished(resolve));
  // While the connection lives, its id leads a replay to it, where it is a packet that has come before.
  connection.close(0x40, '');
  await first.connection.closed;

  await tap.replay();
  const replayed = await served.next();
  expect(await replayed.hello).toEqual({ text: 'hello', established: false });
  const acted = new Promise<void>((resolve) => replayed.connection.whenEstablished(resolve));
  clock.advance(HANDSHAKE_DEADLINE_MS);
  expect((await replayed.connection.closed).error.code).toBe('handshake_timeout');
  expect(await settlesSoon(acted)).toBe(false);
});

test('a root that is trusted no longer lets nobody in early', async () => {
  const refusals = new Events<string>();
  const next = await createAuthority('next root');
  const server = await createQuicEndpoint(
    { clock: systemClock, onRefused: ({ error }) => refusals.push(error.code) },
    { host: '127.0.0.1', tls: hub, handlers: { 'qconn/1': greet }, earlyData: true },
  );
  open.push(server);
  const ticket = await ticketOf(server);
  server.reload({ ...hub, trustPem: [next.rootPem] });
  const { connection } = await sayHello(server.address, ticket);
  expect((await connection.closed).error.code).toBe('certificate_untrusted');
  expect(await refusals.next()).toBe('certificate_untrusted');
  expect([served.unread, refusals.unread]).toEqual([0, 0]);
});
