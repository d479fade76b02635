import { ManualClock } from '@qconn/clock';
import { afterEach, expect, test } from 'vitest';
import { Acceptor, type Decision } from '../src/quic/acceptor.ts';
import { Admission, type AdmissionLimits } from '../src/quic/admission.ts';
import { endpointSecrets } from '../src/quic/endpoint-secrets.ts';
import { nativeConfig } from '../src/quic/native-config.ts';
import type { NativeConfig } from '../src/quic/native.ts';
import { ADMISSION_LIMITS, connectionLimits } from '../src/quic/options.ts';
import { sourceOf } from '../src/source-address.ts';
import { createHubAndMachine } from './pki.ts';
import { RawClient } from './raw-client.ts';

const { hub, machine } = await createHubAndMachine();
const LOCAL = { host: '192.0.2.1', port: 7_443 };
const FROM = { host: '198.51.100.7', port: 4_000 };
/** Where the destination id of a first packet begins (RFC 9000, section 17.2). */
const DESTINATION_ID = 6;

const open: RawClient[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

function config(): NativeConfig {
  return nativeConfig({
    tls: hub,
    alpns: ['qconn/1'],
    limits: connectionLimits({}),
    verifyPeer: true,
    earlyData: false,
    logKeys: false,
    payloadBytes: 1_200,
  });
}

/** A long header of a version, with ids that are longer than those of version 1 may be. */
function ofVersion(version: number): Buffer {
  const datagram = Buffer.alloc(1_200, 0xff);
  datagram.writeUInt32BE(version, 1);
  return datagram;
}

interface Door {
  readonly clock: ManualClock;
  readonly admission: Admission;
  decide(datagram: Buffer, from?: typeof FROM): Decision;
}

function door(limits: Partial<AdmissionLimits> = {}): Door {
  const clock = new ManualClock();
  const admission = new Admission({ ...ADMISSION_LIMITS, ...limits });
  const acceptor = new Acceptor({ clock, secrets: endpointSecrets(), admission, local: LOCAL });
  return { clock, admission, decide: (datagram, from = FROM) => acceptor.decide(datagram, from, config) };
}

/** A client that has sent nothing, and its first packet. */
async function stranger(): Promise<{ client: RawClient; first: Buffer }> {
  const client = await RawClient.create(LOCAL, machine);
  open.push(client);
  return { client, first: packetOf(client) };
}

function packetOf(client: RawClient): Buffer {
  return client.packet() ?? Buffer.alloc(0);
}

/** The packet with which a client comes back after the Retry of a door that always asks for proof. */
async function proof(at: Door): Promise<Buffer> {
  const { client, first } = await stranger();
  const retry = at.decide(first);
  if (retry.kind !== 'answer') throw new Error(`the first packet was met with ${retry.kind}`);
  client.take(Buffer.from(retry.datagram));
  return packetOf(client);
}

test('a first packet is accepted, unless it is smaller than first packets are, or no packet', async () => {
  const { first } = await stranger();
  expect(door().decide(first).kind).toBe('accept');
  expect(door().decide(first.subarray(0, 1_199)).kind).toBe('drop');
  expect(door().decide(ofVersion(1)).kind).toBe('drop');
});

test('another version is answered with those that are spoken, and such an answer with nothing', () => {
  expect(door().decide(ofVersion(0x1a2a3a4a)).kind).toBe('answer');
  expect(door().decide(ofVersion(0)).kind).toBe('drop');
});

test('what comes back after a Retry is accepted, once the handshakes under way are many', async () => {
  const busy = door({ retryFrom: 1 });
  const { first } = await stranger();
  expect(busy.decide(first).kind).toBe('accept');
  busy.admission.began(sourceOf(FROM.host));
  expect(busy.decide(await proof(busy)).kind).toBe('accept');
});

test.each<[string, (at: Door, datagram: Buffer) => Decision]>([
  ['from another address', (at, datagram) => at.decide(datagram, { ...FROM, host: '198.51.100.8' })],
  ['from another port', (at, datagram) => at.decide(datagram, { ...FROM, port: 4_001 })],
  [
    'after ten seconds',
    (at, datagram) => {
      at.clock.advance(10_001);
      return at.decide(datagram);
    },
  ],
  [
    'to another id than the Retry named',
    (at, datagram) => {
      datagram[DESTINATION_ID] = (datagram[DESTINATION_ID] ?? 0) ^ 1;
      return at.decide(datagram);
    },
  ],
  ['at another endpoint', (_at, datagram) => door({ retryFrom: 0 }).decide(datagram)],
])('the token of a Retry proves nothing %s', async (_how, decide) => {
  const strict = door({ retryFrom: 0 });
  const proven = await proof(strict);
  expect(strict.decide(proven).kind).toBe('accept');
  expect(decide(strict, proven).kind).toBe('answer');
});

test('addresses of one IPv6 network are one source: whoever has one of them has them all', async () => {
  const narrow = door({ maxHandshakesPerSource: 1 });
  const { first } = await stranger();
  const [one, other, elsewhere] = ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1'].map((host) => ({ host, port: 1 }));
  narrow.admission.began(sourceOf(one?.host ?? ''));
  expect([narrow.decide(first, other).kind, narrow.decide(first, elsewhere).kind]).toEqual(['drop', 'accept']);
});
