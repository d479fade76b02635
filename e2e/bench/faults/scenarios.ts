import { connect, type Client, type NameService } from '@qconn/client';
import { systemClock } from '@qconn/clock';
import { createFaultyNetwork, type FaultyNetwork } from '@qconn/testkit';
import type { SiteProcess } from '../../src/site-process.ts';
import { spreadOf, type Spread } from './spread.ts';
import { Sender, type Way } from './sender.ts';

/** One way of the network's or the hub's to fail, and how long it took until the next exchange had completed. */
export type Scenario = (site: SiteProcess, runs: number) => Promise<Spread>;

interface Placed {
  readonly network: FaultyNetwork;
  readonly sender: Sender;
}

const BLACKHOLE_MS = 10_000;

/** Machines that go through the same restart. */
const RESTARTED_TOGETHER = 10;

/**
 * Sends nothing in between: whoever has just come back is measured anew. With `renewing` each certificate is being renewed when the
 * fault comes, and has to be another one in the end.
 */
async function settle(senders: readonly Sender[]): Promise<void> {
  await Promise.all(senders.map((sender) => sender.renewed()));
  await Promise.all(senders.map((sender) => sender.firstExchange()));
  if (!underWay.renewing) return;
  await Promise.all(senders.map((sender) => sender.beginRenewal()));
}

/** What is under way when a fault comes, beside messages. */
export const underWay: { renewing: boolean } = { renewing: false };

/** A NAT has forgotten its mapping: the hub sees the client at another port. One machine after the other. */
export const rebinding: Scenario = async (site, runs) => {
  const machines = await eachOnItsNetwork(site, 'rebinding', runs);
  const times: number[] = [];
  for (const { network, sender } of machines) {
    await settle([sender]);
    await network.rebind();
    times.push(await sender.firstExchange());
  }
  return endedEach(times, machines);
};

/** What a client sends from its address no longer arrives: it has to find out, and go on from another one. */
export const addressChange: Scenario = async (site, runs) => {
  const machines = await eachOnItsNetwork(site, 'roaming', runs);
  await settle(machines.map(({ sender }) => sender));
  const times = await Promise.all(
    machines.map(({ network, sender }) => {
      network.cutPaths();
      return sender.firstExchange();
    }),
  );
  return endedEach(times, machines);
};

/**
 * Ten seconds of nothing, for each machine on a network of its own, in which it tries to send: who says nothing notices nothing.
 * Measured from when it lets through again, which it does for one after the other within a second: what a client repeats
 * again and again would else look fast or slow for all of them.
 */
export const blackhole: Scenario = async (site, runs) => {
  const machines = await eachOnItsNetwork(site, 'blackhole', runs);
  await settle(machines.map(({ sender }) => sender));
  const lost = machines.map(({ network, sender }) => {
    network.setBlackhole(true);
    return sender.firstExchange();
  });
  const times = await Promise.all(
    machines.map(async ({ network, sender }, n) => {
      await new Promise((resolve) => setTimeout(resolve, BLACKHOLE_MS + (n * 1_000) / machines.length));
      network.setBlackhole(false);
      return sender.firstExchange();
    }),
  );
  await Promise.all(lost);
  return endedEach(times, machines);
};

/**
 * The hub is killed and started again; measured from when it listens, at machines that went on sending, each to a device of
 * its own: it has to be back on both sides. One that says nothing learns of it at its next keepalive; see the herd.
 */
export const hubRestart: Scenario = async (site, runs) => {
  const way = wayTo(site);
  const senders = await Promise.all(
    Array.from({ length: RESTARTED_TOGETHER }, async (_, n) => {
      const sender = await Sender.start(site, `restart-${n}`, way);
      await sender.sendToItself(`restart-${n}`);
      return sender;
    }),
  );
  const times: number[] = [];
  while (times.length < runs) {
    await settle(senders);
    await site.kill();
    const back = senders.map(async (sender) => {
      await sender.firstExchange();
      return performance.now();
    });
    await site.restart();
    const listening = performance.now();
    times.push(...(await Promise.all(back)).map((at) => Math.max(0, at - listening)));
  }
  return ended(times.slice(0, runs), senders);
};

/** The hub's name stands for another address, and the old one has gone: measured from then. */
export const dnsMove: Scenario = async (site, runs) => {
  const machines = await Promise.all(
    Array.from({ length: runs }, async (_, n) => {
      const place = { network: await networkTo(site, n) };
      const names: NameService = {
        addresses: () => Promise.resolve(['127.0.0.1']),
        ttl: () => Promise.resolve(60),
        services: () =>
          Promise.resolve([{ name: '127.0.0.1', port: place.network.address.port, priority: 0, weight: 0 }]),
      };
      const sender = await Sender.start(site, `moving-${n}`, { host: '_qconn._udp.test', port: 1 }, names);
      return { place, sender, old: place.network, network: await networkTo(site, runs + n) };
    }),
  );
  await settle(machines.map(({ sender }) => sender));
  const times = await Promise.all(
    machines.map(({ place, sender, old, network }) => {
      place.network = network;
      old.setBlackhole(true);
      return sender.firstExchange();
    }),
  );
  await Promise.all(machines.map(({ old }) => old.close()));
  return endedEach(times, machines);
};

/** A machine that answers every message, reached by no fault. */
export async function startProvider(site: SiteProcess): Promise<Client> {
  const store = await site.enrol('provider');
  const provider = await connect({ credentials: store, agent: 'faults/1' });
  await provider.connected({ phase: 'online' });
  await provider.provide({ device: 'echo-1', serviceTypes: ['echo'], concurrency: 10_000 }, ({ body }) => body);
  return provider;
}

function wayTo(site: SiteProcess): Way {
  return { host: '127.0.0.1', port: Number(site.hub.ports.quic) };
}

function networkTo(site: SiteProcess, seed = 0): Promise<FaultyNetwork> {
  return createFaultyNetwork(systemClock, { target: wayTo(site), seed: seed + 1 });
}

/** Machines that are connected, each over a network of its own. */
async function eachOnItsNetwork(site: SiteProcess, name: string, count: number): Promise<Placed[]> {
  const machines = await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const network = await networkTo(site, n);
      return { network, sender: await Sender.start(site, `${name}-${n}`, network.address) };
    }),
  );
  return machines;
}

async function endedEach(times: readonly number[], machines: readonly Placed[]): Promise<Spread> {
  const spread = await ended(
    times,
    machines.map(({ sender }) => sender),
  );
  await Promise.all(machines.map(({ network }) => network.close()));
  return spread;
}

async function ended(times: readonly number[], senders: readonly Sender[]): Promise<Spread> {
  await Promise.all(senders.map((sender) => sender.renewed()));
  await Promise.all(senders.map((sender) => sender.close()));
  return spreadOf(times);
}
