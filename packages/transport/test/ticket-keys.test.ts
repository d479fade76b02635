import { randomBytes } from 'node:crypto';
import { ManualClock, systemClock, type Clock } from '@qconn/clock';
import { createQuicEndpoint, type Endpoint, type TlsIdentity } from '@qconn/transport';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { ticketKeyName } from '../src/quic/client-hello.ts';
import { endpointSecrets } from '../src/quic/endpoint-secrets.ts';
import { TicketKeys } from '../src/quic/ticket-keys.ts';
import { createAuthority } from './pki.ts';
import { echo, readBytes } from './waiting.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const secret = randomBytes(32);
const open: Endpoint[] = [];
let hub: TlsIdentity;
let machine: TlsIdentity;

beforeAll(async () => {
  const authority = await createAuthority();
  const validity = { validFrom: -2 * DAY_MS, validUntil: 2 * DAY_MS };
  hub = await authority.issue({ ips: ['127.0.0.1'], ...validity });
  machine = await authority.issue(validity);
});

afterEach(() => Promise.all(open.splice(0).map((endpoint) => endpoint.close())));

test('hubs with one secret have the same key at the same time, and another one the next day', () => {
  const [one, other, stranger] = [secret, secret, randomBytes(32)].map((each) => new TicketKeys(endpointSecrets(each)));
  const today = 20_000 * DAY_MS;
  const keyOf = (keys: TicketKeys | undefined, now: number): string =>
    Buffer.from(keys?.key(keys.epoch(now)) ?? []).toString('hex');
  expect(keyOf(one, today)).toBe(keyOf(other, today + DAY_MS - 1));
  expect(keyOf(one, today)).toHaveLength(96);
  expect(keyOf(one, today)).not.toBe(keyOf(one, today + DAY_MS));
  expect(keyOf(one, today)).not.toBe(keyOf(stranger, today));
});

test('a ticket of yesterday is asked after for six hours, and the packet is not looked at after that', () => {
  const keys = new TicketKeys(endpointSecrets(secret));
  const former = keys.key(19_999).subarray(0, 16);
  const midnight = 20_000 * DAY_MS;
  expect(keys.epochOf(() => former, midnight)).toBe(19_999);
  expect(keys.epochOf(() => former, midnight + 6 * HOUR_MS - 1)).toBe(19_999);
  expect(keys.epochOf(() => undefined, midnight)).toBe(20_000);
  expect(keys.epochOf(() => randomBytes(16), midnight)).toBe(20_000);
  const unasked = (): never => {
    throw new Error('nobody should ask');
  };
  expect(keys.epochOf(unasked, midnight + 6 * HOUR_MS)).toBe(20_000);
});

/** Real timers, and a date that a test sets. */
function clockAt(now: number): Clock & { date: number } {
  return {
    date: now,
    ...systemClock,
    setTimer: (ms, act) => systemClock.setTimer(ms, act),
    now() {
      return this.date;
    },
    monotonic: () => systemClock.monotonic(),
  };
}

async function resumes(server: Endpoint, ticket?: Uint8Array): Promise<{ resumed: boolean; ticket: Uint8Array }> {
  const client = await createQuicEndpoint({ clock: systemClock });
  open.push(client);
  const given = Promise.withResolvers<Uint8Array>();
  const target = { address: server.address, serverName: '127.0.0.1', alpns: ['qconn/1'], tls: machine };
  const connection = await client.connect({ ...target, onTicket: given.resolve, ...(ticket && { ticket }) });
  const stream = connection.openStream();
  stream.write(Buffer.from('alive'));
  await readBytes(stream, 5);
  return { resumed: connection.resumed, ticket: await given.promise };
}

test('a server takes a ticket of yesterday in the first hours of a day, and not one of the day before', async () => {
  const clock = clockAt(new ManualClock(Date.now()).now());
  const server = await createQuicEndpoint(
    { clock },
    { host: '127.0.0.1', tls: hub, secret, handlers: { 'qconn/1': echo } },
  );
  open.push(server);
  const midnight = Math.floor(clock.date / DAY_MS) * DAY_MS;
  clock.date = midnight - HOUR_MS;
  const { ticket } = await resumes(server);
  expect((await resumes(server, ticket)).resumed).toBe(true);
  clock.date = midnight + HOUR_MS;
  expect((await resumes(server, ticket)).resumed).toBe(true);
  expect((await resumes(server)).resumed).toBe(false);
  clock.date = midnight + DAY_MS + HOUR_MS;
  expect((await resumes(server, ticket)).resumed).toBe(false);
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['a short header', Buffer.alloc(1_200, 0x40)],
  ['another version', Buffer.concat([Buffer.of(0xc0, 0, 0, 0, 2), Buffer.alloc(1_195)])],
  ['an id that is longer than the packet', Buffer.concat([Buffer.of(0xc0, 0, 0, 0, 1, 255), Buffer.alloc(20)])],
  [
    'a token that is longer than the packet',
    Buffer.concat([Buffer.of(0xc0, 0, 0, 0, 1, 0, 0, 0x7f, 0xff), Buffer.alloc(90)]),
  ],
  ['noise', Buffer.concat([Buffer.of(0xc0, 0, 0, 0, 1, 0, 0, 0, 0x44, 0x00), Buffer.alloc(1_190, 0xa5)])],
])('a first packet with %s names no key', (_what, datagram) => {
  expect(ticketKeyName(datagram)).toBeUndefined();
});
