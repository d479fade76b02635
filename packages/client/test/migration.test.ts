import { systemClock, type Clock } from '@qconn/clock';
import { ALPN_QCONN_1, encodeResponse, FrameType } from '@qconn/protocol';
import { createFaultyNetwork, createTestPki, type FaultyNetwork } from '@qconn/testkit';
import { createQuicEndpoint, type Endpoint, type TlsIdentity } from '@qconn/transport';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { Client } from '../src/client.ts';
import type { ClientEvent } from '../src/supervisor/client-event.ts';
import { answerWell, HubSide } from './scripted-hub.ts';

/** How much faster the client's time goes: it waits three seconds for an answer, and nobody wants to wait for that. */
const HASTE = 4;
const HASTY: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * HASTE,
  setTimer: (ms, act) => systemClock.setTimer(ms / HASTE, act),
};

let hub: TlsIdentity;
let machine: TlsIdentity;
const open: { close(): unknown }[] = [];

beforeAll(async () => {
  const pki = await createTestPki();
  const identity = ({ keyPem, chainPem }: { keyPem: string; chainPem: readonly string[] }): TlsIdentity => ({
    keyPem,
    chainPem,
    trustPem: [pki.rootPem],
  });
  hub = identity(await pki.server());
  machine = identity(await pki.machine());
});

afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
});

interface Connected {
  readonly network: FaultyNetwork;
  readonly client: Client;
  readonly endpoint: Endpoint;
  readonly sessions: readonly HubSide[];
  readonly event: <K extends ClientEvent['kind']>(kind: K) => Promise<Extract<ClientEvent, { kind: K }>>;
}

/** A client at a hub of a few lines, with a network between them. */
async function online(addresses?: () => ReadonlySet<string>): Promise<Connected> {
  const sessions: HubSide[] = [];
  const handlers = {
    [ALPN_QCONN_1]: (connection: HubSide['connection']): void => {
      sessions.push(new HubSide(connection, answerWell));
    },
  };
  const server = await createQuicEndpoint({ clock: systemClock }, { host: '127.0.0.1', tls: hub, handlers });
  const network = await createFaultyNetwork(systemClock, { target: server.address });
  const endpoint = await createQuicEndpoint({ clock: HASTY }, { handshakeDeadlineMs: 60_000 });
  const target = { address: network.address, serverName: '127.0.0.1', alpns: [ALPN_QCONN_1], tls: machine };
  const client = new Client(
    {
      clock: HASTY,
      random: () => 0.5,
      dial: (signal) => endpoint.connect({ ...target, signal }),
      ...(addresses && { addresses }),
    },
    'test/1',
  );
  open.push(server, network, endpoint, client);
  const events = client.events();
  client.start();
  await client.connected();
  const event: Connected['event'] = async (kind) => {
    for await (const found of { [Symbol.asyncIterator]: () => ({ next: () => events.next() }) }) {
      if (found.kind === kind) return found as never;
    }
    throw new Error(`there was no ${kind}`);
  };
  return { network, client, endpoint, sessions, event };
}

/** A request that the hub has and has not answered, and how it does. */
async function requestInFlight({
  client,
  sessions,
}: Connected): Promise<{ reply: Promise<string>; answer: () => void }> {
  const reply = client.request('print', 'label').then(({ body }) => Buffer.from(body).toString());
  reply.catch(() => undefined);
  const side = sessions.at(-1) as HubSide;
  const { id } = await side.frame(FrameType.Request);
  const answer = (): void =>
    side.send(id, encodeResponse(side.writer, id, { headers: new Uint8Array(0), body: Buffer.from('printed') }));
  return { reply, answer };
}

test('a client whose path dies moves to another, and what is in flight goes on', async () => {
  const connected = await online();
  const { reply, answer } = await requestInFlight(connected);
  connected.network.cutPaths();
  answer();
  void connected.client.query({}).catch(() => undefined);
  expect(await connected.event('moved')).toMatchObject({ failure: 'silence' });
  expect(await reply).toBe('printed');
  expect([connected.client.phase, connected.sessions.length]).toEqual(['online', 1]);
});

test('a client whose address has gone moves at once', async () => {
  let addresses = new Set<string>();
  const connected = await online(() => addresses);
  const { reply, answer } = await requestInFlight(connected);
  expect(await connected.event('moved')).toMatchObject({ failure: 'interface' });
  addresses = new Set(['127.0.0.1']);
  answer();
  expect(await reply).toBe('printed');
  expect(connected.sessions).toHaveLength(1);
});

test('a NAT that forgets the client in the middle of an exchange is not noticed', async () => {
  const connected = await online();
  const { reply, answer } = await requestInFlight(connected);
  await connected.network.rebind();
  void connected.client.query({}).catch(() => undefined);
  answer();
  expect(await reply).toBe('printed');
  expect(connected.sessions).toHaveLength(1);
});

test('where no other path leads to the hub it connects anew when one does, and says so', async () => {
  const connected = await online();
  const { reply } = await requestInFlight(connected);
  connected.network.setBlackhole(true);
  void connected.client.query({}).catch(() => undefined);
  expect(await connected.event('notMoved')).toMatchObject({ failure: 'silence', error: { code: 'unreachable' } });
  await expect(reply).rejects.toMatchObject({ retrySafe: false });
  connected.network.setBlackhole(false);
  await connected.client.connected();
  const again = await requestInFlight(connected);
  again.answer();
  expect(await again.reply).toBe('printed');
  expect(connected.sessions).toHaveLength(2);
});
