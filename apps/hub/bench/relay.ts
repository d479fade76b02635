import { exportPrivateKeyPem, exportSpki, generateKeyPair } from '@qconn/identity';
import { commandLine } from '../../../tooling/command-line/command-line.ts';
import type { LoadResult } from '../../../tooling/measure/load.ts';
import { findNatsServer, natsRelay, type PemIdentity } from '../../../tooling/measure/nats/nats.ts';
import { exchanges, type ExchangeResult } from './relay/exchanges.ts';
import { fleet } from './relay/fleet.ts';
import { relayLogic } from './relay/logic.ts';
import { makeMachine } from './relay/machines.ts';
import { PreparedHub } from './relay/prepared-hub.ts';

const {
  only,
  'without-nats': withoutNats,
  machines: fleetSize,
  bodies,
  'in-flight': inFlights,
} = commandLine({
  name: 'bench relay',
  about: `What an exchange costs from a client through a hub to a client, processes of their own, beside nats-server; beside large bodies;
and with a fleet connected. The last line is JSON.`,
  options: {
    only: { some: ['logic', 'relay', 'interleave', 'fleet'], about: 'these parts' },
    'without-nats': { flag: false, about: 'do not compare with nats-server' },
    machines: { number: 10_000, about: 'machines of the fleet' },
    bodies: { numbers: [256, 16_384], about: 'bytes of a request' },
    'in-flight': { numbers: [1, 64, 256], about: 'requests in flight' },
  },
});
const figures: Record<string, number> = {};

if (only.has('logic')) benchLogic();

const prepared = await PreparedHub.make();
try {
  if (only.has('relay')) await benchRelay();
  if (only.has('interleave')) await benchInterleaving();
  if (only.has('fleet')) await benchFleet();
} finally {
  await prepared.close();
}
console.log(JSON.stringify({ bench: 'relay', ...figures }));

function benchLogic(): void {
  const { cpuUsPerExchange, allocatedBytesPerExchange } = relayLogic();
  console.log(
    `the relay without its transport   ${cpuUsPerExchange} µs, ${allocatedBytesPerExchange} heap bytes an exchange`,
  );
  Object.assign(figures, {
    'logic.cpuUsPerExchange': cpuUsPerExchange,
    'logic.allocatedBytesPerExchange': allocatedBytesPerExchange,
  });
  for (const pairs of [1, 2, 32]) {
    const of = relayLogic(pairs).cpuUsPerExchange;
    console.log(`  between ${pairs} ${pairs === 1 ? 'pair' : 'pairs by turns'}`.padEnd(34), `${of} µs`);
    Object.assign(figures, { [`logic.pairs${pairs}.cpuUsPerExchange`]: of });
  }
}

async function benchRelay(): Promise<void> {
  const orders = bodies.flatMap((bodyBytes) => inFlights.map((inFlight) => ({ bodyBytes, inFlight, large: 0 })));
  const ours = await exchanges(prepared, orders);
  console.log(
    'exchanges      body  in flight   per second   p50 µs   p99 µs   of each: hub µs, requester µs, provider µs, packets, heap bytes of the hub',
  );
  for (const result of ours) recordExchanges(result);
  const [headline] = ours.filter(({ bodyBytes, inFlight }) => bodyBytes === 256 && inFlight === 64);
  Object.assign(figures, {
    'hub.cpuUsPerExchange': headline?.cpuUsPerExchange,
    'hub.packetsPerExchange': headline?.packetsPerExchange,
    'hub.allocatedBytesPerExchange': headline?.allocatedBytesPerExchange,
  });
  if (!withoutNats) await compareWithNats(ours);
}

async function compareWithNats(ours: readonly ExchangeResult[]): Promise<void> {
  const server = findNatsServer();
  if (server === undefined)
    throw new Error('nats-server is not installed: `apt-get install nats-server`, or say --without-nats.');
  const identities = {
    server: await natsServerIdentity(),
    client: (await makeMachine(prepared.authority, 'nats')).tls,
  };
  for (const bodyBytes of bodies) {
    const theirs = await natsRelay(server, identities, bodyBytes);
    for (const result of theirs) {
      console.log(row('nats', bodyBytes, result));
      const mine = ours.find((one) => one.bodyBytes === bodyBytes && one.inFlight === result.inFlight);
      const key = `relay.b${bodyBytes}.c${result.inFlight}`;
      record(`${key}.nats`, result);
      if (mine === undefined) continue;
      figures[`${key}.p50Ratio`] = ratio(mine.p50Us, result.p50Us);
      figures[`${key}.throughputRatio`] = ratio(mine.perSecond, result.perSecond);
    }
  }
}

async function natsServerIdentity(): Promise<PemIdentity> {
  const { authority } = prepared;
  const keys = await generateKeyPair();
  const spki = await exportSpki(keys.publicKey);
  const { chainPem } = await authority.issueServer({ spki, hosts: ['localhost', '127.0.0.1'], now: Date.now() });
  return { keyPem: exportPrivateKeyPem(keys.privateKey), chainPem, trustPem: [authority.rootPem] };
}

async function benchInterleaving(): Promise<void> {
  const small = { bodyBytes: 256, inFlight: 8 };
  const orders = [
    { ...small, large: 0 },
    { ...small, large: 10 },
    { ...small, large: 10, given: true },
  ];
  const [quiet, beside, besideGiven] = await exchanges(prepared, orders);
  if (quiet === undefined || beside === undefined || besideGiven === undefined) return;
  console.log('8 small in flight beside ten streamed bodies');
  console.log(row('quiet', 256, quiet));
  console.log(`${row('beside', 256, beside)}   with ${beside.largeMbPerSecond} MB/s of streamed bodies`);
  console.log(`${row('given', 256, besideGiven)}   with ${besideGiven.largeMbPerSecond} MB/s, in pieces to keep`);
  Object.assign(figures, {
    'interleave.quietP99Us': quiet.p99Us,
    'interleave.besideP99Us': beside.p99Us,
    'interleave.p99Ratio': ratio(beside.p99Us, quiet.p99Us),
    'interleave.largeMbPerSecond': beside.largeMbPerSecond,
    'interleave.givenP99Ratio': ratio(besideGiven.p99Us, quiet.p99Us),
    'interleave.givenMbPerSecond': besideGiven.largeMbPerSecond,
  });
}

async function benchFleet(): Promise<void> {
  const { machines, hubRssMB, hubCpuFraction, perSecond, p50Ms, p99Ms } = await fleet(prepared, fleetSize);
  console.log(
    `${machines} machines, ${perSecond} messages/s   hub ${hubRssMB} MB, ${Math.round(hubCpuFraction * 100)} % of a core   p50 ${p50Ms} ms, p99 ${p99Ms} ms`,
  );
  Object.assign(figures, {
    'fleet.machines': machines,
    'fleet.hubRssMB': hubRssMB,
    'fleet.hubCpuFraction': hubCpuFraction,
    'fleet.perSecond': perSecond,
    'fleet.p50Ms': p50Ms,
    'fleet.p99Ms': p99Ms,
  });
}

function recordExchanges(result: ExchangeResult): void {
  const { bodyBytes, inFlight, cpuUsPerExchange, packetsPerExchange, allocatedBytesPerExchange } = result;
  const { requesterCpuUsPerExchange, providerCpuUsPerExchange } = result;
  const clients = [requesterCpuUsPerExchange, providerCpuUsPerExchange];
  const columns = [cpuUsPerExchange, ...clients, packetsPerExchange, allocatedBytesPerExchange];
  const refused = result.refused === 0 ? '' : `   ${result.refused} refused and sent again`;
  console.log(
    `${row('qconn', bodyBytes, result)} ${columns.map((figure) => String(figure).padStart(9)).join(' ')}${refused}`,
  );
  const key = `relay.b${bodyBytes}.c${inFlight}`;
  record(`${key}.qconn`, result);
  Object.assign(figures, {
    [`${key}.cpuUsPerExchange`]: cpuUsPerExchange,
    [`${key}.requesterCpuUsPerExchange`]: requesterCpuUsPerExchange,
    [`${key}.providerCpuUsPerExchange`]: providerCpuUsPerExchange,
    [`${key}.packetsPerExchange`]: packetsPerExchange,
    [`${key}.allocatedBytesPerExchange`]: allocatedBytesPerExchange,
  });
}

function row(name: string, bodyBytes: number, { inFlight, perSecond, p50Us, p99Us }: LoadResult): string {
  const columns = [
    [bodyBytes, 9],
    [inFlight, 10],
    [perSecond, 12],
    [p50Us, 8],
    [p99Us, 8],
  ] as const;
  return `  ${name.padEnd(8)}${columns.map(([figure, width]) => String(figure).padStart(width)).join(' ')}`;
}

function record(key: string, { perSecond, p50Us, p99Us }: LoadResult): void {
  Object.assign(figures, { [`${key}.perSecond`]: perSecond, [`${key}.p50Us`]: p50Us, [`${key}.p99Us`]: p99Us });
}

function ratio(mine: number, theirs: number): number {
  return Number((mine / theirs).toFixed(2));
}
