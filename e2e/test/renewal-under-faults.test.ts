import { connect, type Client, type CredentialStore, type NameService } from '@qconn/client';
import { systemClock } from '@qconn/clock';
import { createFaultyNetwork, type FaultyNetwork } from '@qconn/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Site } from '../src/site.ts';

/** Datagrams that a blackhole has to swallow before it ends: the request, and some that ask where the answer is. */
const SWALLOWED = 6;

let site: Site;
let quicPort: number;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  site = await Site.open({ environment: { QCONN_HUB_DRAIN_MS: '0' } });
  await site.enrol('any');
  quicPort = (await site.credentials('any').load()).hub.quic[0]?.port ?? 0;
});

afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
});

afterAll(() => site.close());

async function networkToHub(seed: number): Promise<FaultyNetwork> {
  const network = await createFaultyNetwork(systemClock, { target: { host: '127.0.0.1', port: quicPort }, seed });
  open.push(network);
  return network;
}

/** A machine that reaches the hub over a network, which may become another one: its name says which. */
interface Machine {
  readonly client: Client;
  readonly store: CredentialStore;
  network: FaultyNetwork;
}

async function machine(name: string): Promise<Machine> {
  await site.enrol(name);
  const store = site.credentials(name);
  const credential = await store.load();
  await store.save({ ...credential, hub: { ...credential.hub, quic: [{ host: '_qconn._udp.test', port: 1 }] } });
  const place = { network: await networkToHub(1) };
  const client = await connect({ credentials: store, agent: 'renewing/1', names: namesOf(place) });
  open.push({ close: () => client.close(0) });
  await client.connected();
  return Object.assign(place, { client, store });
}

/** The hub's name stands for the network that a machine has now. */
function namesOf(place: { readonly network: FaultyNetwork }): NameService {
  return {
    addresses: () => Promise.resolve(['127.0.0.1']),
    ttl: () => Promise.resolve(60),
    services: () => Promise.resolve([{ name: '127.0.0.1', port: place.network.address.port, priority: 0, weight: 0 }]),
  };
}

/** Resolves when a network has taken so many datagrams more. */
async function entered(network: FaultyNetwork, more: number): Promise<void> {
  const until = network.counts.entered + more;
  while (network.counts.entered < until) await new Promise((resolve) => setImmediate(resolve));
}

const faults: [what: string, fault: (machine: Machine) => unknown][] = [
  ['a rebinding', ({ network }) => network.rebind()],
  ['a change of address', ({ network }) => network.cutPaths()],
  [
    'a blackhole',
    async ({ network }) => {
      network.setBlackhole(true);
      await entered(network, SWALLOWED);
      network.setBlackhole(false);
    },
  ],
  [
    'a restart of the hub',
    async () => {
      await site.stop();
      await site.restart();
    },
  ],
  [
    'a move of the hub’s name',
    async (moved) => {
      const old = moved.network;
      moved.network = await networkToHub(2);
      old.setBlackhole(true);
    },
  ],
];

test.each(faults.map(([what, fault], n) => ({ what, fault, name: `machine-${n}` })))(
  'a renewal in the middle of $what ends with a certificate that is on disk and good for the next connection',
  async ({ fault, name }) => {
    const one = await machine(name);
    const { client, store } = one;
    const before = await store.load();
    const sent = entered(one.network, 1);
    const first = client.renewNow();
    first.catch(() => undefined);
    await sent;
    await fault(one);
    // Whether the answer was lost or not, the machine can tell: it has another certificate, or it may ask again.
    await first.catch(async () => {
      await client.connected();
      await client.renewNow();
    });
    const after = await store.load();
    expect(after.chainPem[0]).not.toBe(before.chainPem[0]);
    expect(after.privateKeyPem).toBe(before.privateKeyPem);
    await client.close(0);
    const next = await connect({ credentials: store, agent: 'renewed/1', names: namesOf(one) });
    open.push({ close: () => next.close(0) });
    expect((await next.connected()).fingerprint).toBe(client.machine?.fingerprint);
  },
);
