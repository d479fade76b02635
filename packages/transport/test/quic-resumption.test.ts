import { randomBytes } from 'node:crypto';
import { ManualClock, systemClock } from '@qconn/clock';
import {
  createQuicEndpoint,
  type Connection,
  type ConnectTarget,
  type Endpoint,
  type TlsIdentity,
} from '@qconn/transport';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { refusalOfResumed } from '../src/quic/resumed-peer.ts';
import { createAuthority, type TestAuthority } from './pki.ts';
import { echo, readBytes } from './waiting.ts';

const HOUR = 3_600_000;

let authority: TestAuthority;
let hub: TlsIdentity;
let machine: TlsIdentity;
const open: Endpoint[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  hub = await authority.issue({ ips: ['127.0.0.1'] });
  machine = await authority.issue();
});

afterEach(() => Promise.all(open.splice(0).map((endpoint) => endpoint.close())));

async function serve(changes: { tls?: TlsIdentity; secret?: Uint8Array } = {}): Promise<Endpoint> {
  const server = await createQuicEndpoint(
    { clock: systemClock },
    { host: '127.0.0.1', tls: hub, handlers: { 'qconn/1': echo }, ...changes },
  );
  open.push(server);
  return server;
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

async function ticketOf(server: Endpoint): Promise<Uint8Array> {
  const given = Promise.withResolvers<Uint8Array>();
  const connection = await dial(server, { onTicket: given.resolve });
  const ticket = await given.promise;
  expect(connection.ticket).toEqual(ticket);
  return ticket;
}

async function expectEcho(connection: Connection): Promise<void> {
  const stream = connection.openStream();
  stream.write(Buffer.from('alive'));
  expect(String(await readBytes(stream, 5))).toBe('alive');
}

test('a ticket resumes: the certificates are still known to both sides', async () => {
  const server = await serve();
  const ticket = await ticketOf(server);
  const connection = await dial(server, { ticket });
  await expectEcho(connection);
  expect(connection.resumed).toBe(true);
  expect(connection.peerCertificates).toHaveLength(1);
});

test('a hub that shares the secret takes the ticket, one with another secret falls back to the full handshake', async () => {
  const secret = randomBytes(32);
  const ticket = await ticketOf(await serve({ secret }));
  const sibling = await dial(await serve({ secret }), { ticket });
  const stranger = await dial(await serve(), { ticket });
  await Promise.all([expectEcho(sibling), expectEcho(stranger)]);
  expect([sibling.resumed, stranger.resumed]).toEqual([true, false]);
});

test('nonsense for a ticket is ignored', async () => {
  const connection = await dial(await serve(), { ticket: randomBytes(200) });
  await expectEcho(connection);
  expect(connection.resumed).toBe(false);
});

test('a ticket does not outlive the trust in the root of its certificate', async () => {
  const server = await serve();
  const ticket = await ticketOf(server);
  const next = await createAuthority('next root');
  server.reload({ ...hub, trustPem: [next.rootPem] });
  const connection = await dial(server, { ticket });
  expect(connection.resumed).toBe(true);
  expect((await connection.closed).error.code).toBe('certificate_untrusted');
});

test('a ticket does not outlive its certificate', () => {
  const now = new ManualClock(Date.now()).now();
  const der = machine.chainPem.map((pem) => Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64'));
  expect(refusalOfResumed(der, machine.trustPem, now)).toBeUndefined();
  expect(refusalOfResumed(der, machine.trustPem, now + 2 * HOUR)?.code).toBe('certificate_expired');
  expect(refusalOfResumed(der, [], now)?.code).toBe('certificate_untrusted');
  expect(refusalOfResumed([], machine.trustPem, now)?.code).toBe('certificate_required');
});

test('a client does not resume with a server whose root it no longer trusts', async () => {
  const server = await serve();
  const ticket = await ticketOf(server);
  const next = await createAuthority('next root');
  const distrusting = { ...machine, trustPem: [next.rootPem] };
  await expect(dial(server, { ticket, tls: distrusting })).rejects.toMatchObject({ code: 'hub_untrusted' });
});
