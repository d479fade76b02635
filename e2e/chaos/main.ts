import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CredentialStore, enroll, type HubHttps } from '@qconn/client';
import { systemClock } from '@qconn/clock';
import { createDatabase, createFaultyNetwork, seededRandom, type FaultyNetwork } from '@qconn/testkit';
import { commandLine } from '../../tooling/command-line/command-line.ts';
import startDatabaseServer from '../../tooling/test-database/global-setup.ts';
import { becomeAdministrator } from '../src/administrator.ts';
import { HubProcess } from '../src/hub-process.ts';
import { FleetProcess } from './fleet.ts';
import { readJournal } from './journal.ts';
import { judge } from './verdict.ts';

const PROVIDER_PROCESSES = 6;
const SENDER_PROCESSES = 4;
/** Time for all machines to connect at first: ten processes start at once, on a busy machine for minutes. */
const ONLINE_MS = 300_000;
/** Time for the hub to notice the last of the processes that went without a word: idle timeouts and some. What it has leaked it never lets go. */
const SETTLE_MS = 120_000;

const {
  seconds,
  seed = Math.floor(Math.random() * 1e9),
  'without-streams': withoutStreams,
} = commandLine({
  name: 'chaos',
  about: `Twenty machines in processes of their own, four kinds of traffic, some of it cancelled, and everything that may go wrong going
wrong at random: kills of providers, senders and the hub, loss, delay, rebinding and cut paths. In the end what senders were
told is held against what providers did. The last line is JSON.`,
  options: {
    seconds: { number: 60, about: 'for how long' },
    seed: { number: undefined, about: 'the same repeats the order of what goes wrong' },
    'without-streams': { flag: false, about: 'no streamed bodies' },
  },
});
const random = seededRandom(seed);
console.log(`chaos: ${seconds} s, seed ${seed}`);

const stopDatabaseServer = await startDatabaseServer();
const database = await createDatabase();
const folder = await mkdtemp(join(tmpdir(), 'qconn-chaos-'));
const violations: string[] = [];
/** Ends what was started, the last first. */
const endings: (() => Promise<unknown>)[] = [];
try {
  await unleash();
} finally {
  for (const end of endings.toReversed()) await end();
  await database.drop();
  await stopDatabaseServer();
  await rm(folder, { recursive: true, force: true });
}
process.exitCode = violations.length === 0 ? 0 : 1;

async function unleash(): Promise<void> {
  const hubFolder = join(folder, 'hub');
  const first = await HubProcess.start(hubFolder, database.url);
  endings.push(() => first.kill());
  const network = await createFaultyNetwork(systemClock, {
    target: { host: '127.0.0.1', port: Number(first.ports.quic) },
    seed,
  });
  endings.push(() => network.close());
  // Machines are told the network’s address for the hub’s.
  await first.kill('SIGTERM');
  process.env['QCONN_HUB_ADVERTISE'] = `127.0.0.1:${network.address.port}`;
  let hub = await HubProcess.start(hubFolder, database.url, first.ports);
  endings.push(() => hub.kill());
  const api = await becomeAdministrator(`https://${hub.https}`, first.bootstrapSecret ?? '');
  endings.push(() => Promise.resolve(api.close()));
  const killed = new Set<string>();
  const providers = await providerFleet(api, killed);
  const senders = await senderFleet(api, killed);
  for (const one of [...providers, ...senders]) {
    endings.push(() => one.kill());
    one.start();
  }
  await online(api, 2 * (providers.length + senders.length));
  const events: Record<string, number> = {};
  const restartHub = async (): Promise<void> => {
    await hub.kill();
    hub = await HubProcess.start(hubFolder, database.url, first.ports);
  };
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end) {
    await sleep(300 + random() * 1_200);
    const name = await disturb({ providers, senders, network, restartHub });
    events[name] = (events[name] ?? 0) + 1;
  }
  network.setFaults({});
  network.setBlackhole(false);
  const ends = await Promise.all(senders.map((sender) => sender.stop()));
  violations.push(...ends.filter((wrong) => wrong !== undefined), ...(await leaks(api)));
  violations.push(...(await Promise.all(providers.map((one) => one.stop()))).filter((wrong) => wrong !== undefined));
  report(events, [...providers, ...senders], killed);
}

interface Scene {
  readonly providers: readonly FleetProcess[];
  readonly senders: readonly FleetProcess[];
  readonly network: FaultyNetwork;
  readonly restartHub: () => Promise<void>;
}

/** Does one bad thing, and some time later what makes it good again. @returns its name */
async function disturb({ providers, senders, network, restartHub }: Scene): Promise<string> {
  const dice = random();
  if (dice < 0.3) return restart('provider killed', providers);
  if (dice < 0.45) return restart('sender killed', senders);
  if (dice < 0.55) return restartHub().then(() => 'hub killed');
  if (dice < 0.7) return network.rebind().then(() => 'rebound');
  if (dice < 0.75) {
    network.setBlackhole(true);
    await sleep(random() * 2_000);
    network.setBlackhole(false);
    return 'blackhole';
  }
  const bad = dice < 0.9;
  network.setFaults(
    bad ? { loss: random() * 0.1, delayMs: random() * 30, jitterMs: 20, reorder: 0.05, duplicate: 0.02 } : {},
  );
  return bad ? 'loss and delay' : 'clear network';
}

async function restart(name: string, among: readonly FleetProcess[]): Promise<string> {
  const one = among[Math.floor(random() * among.length)];
  await one?.kill();
  await sleep(random() * 500);
  one?.start();
  return name;
}

/** Twelve machines that do work, two in a process. */
async function providerFleet(api: HubHttps, killed: Set<string>): Promise<FleetProcess[]> {
  const names = providerNames();
  await admit(api, names, 'provide');
  return Array.from({ length: PROVIDER_PROCESSES }, (_, n) => {
    const machines = names.slice(2 * n, 2 * n + 2);
    const argumentsOf = (journal: string): readonly string[] => [folder, journal, ...machines];
    return new FleetProcess(`providers-${n}`, folder, 'provider-process.ts', { argumentsOf, killed });
  });
}

/** Eight machines that ask for it, two in a process. */
async function senderFleet(api: HubHttps, killed: Set<string>): Promise<FleetProcess[]> {
  const names = Array.from({ length: 2 * SENDER_PROCESSES }, (_, n) => `sender-${n}`);
  await admit(api, names, 'submit');
  return Array.from({ length: SENDER_PROCESSES }, (_, n) => {
    const machines = names.slice(2 * n, 2 * n + 2);
    const argumentsOf = (journal: string, run: string): readonly string[] => [
      folder,
      journal,
      run,
      providerNames().join(),
      withoutStreams ? 'plain,keyed,fan' : 'plain,keyed,fan,stream',
      ...machines,
    ];
    return new FleetProcess(`senders-${n}`, folder, 'sender-process.ts', { argumentsOf, killed });
  });
}

function providerNames(): string[] {
  return Array.from({ length: 2 * PROVIDER_PROCESSES }, (_, n) => `provider-${n}`);
}

async function admit(api: HubHttps, names: readonly string[], verb: 'provide' | 'submit'): Promise<void> {
  const role = { grants: [{ effect: 'allow', verb, serviceTypes: ['*'] }] };
  await api.call('PUT', `/v1/roles/${verb}r`, role, { 'if-none-match': '*' });
  for (const name of names) {
    const { token } = (await api.call('POST', '/v1/tokens', {})) as { token: string };
    const store = new CredentialStore(join(folder, name));
    await enroll({ hub: api.url.origin, token, store, hostname: name, agent: 'chaos/1' });
    await api.call('POST', `/v1/machines/${name}/approve`, { roles: [`${verb}r`] });
  }
}

/** Waits until every machine is connected. @throws Error when some are not: a process that cannot start never is */
async function online(api: HubHttps, machines: number): Promise<void> {
  const end = performance.now() + ONLINE_MS;
  for (;;) {
    const { items } = (await api.call('GET', '/v1/sessions')) as { items: readonly unknown[] };
    if (items.length === machines) return;
    if (performance.now() > end) throw new Error(`${items.length} of ${machines} machines have connected`);
    await sleep(100);
  }
}

/** What the hub still holds once nobody asks for anything: waits for its timeouts, no longer. */
async function leaks(api: HubHttps): Promise<string[]> {
  const end = performance.now() + SETTLE_MS;
  for (;;) {
    const { items } = (await api.call('GET', '/v1/sessions')) as { items: readonly { hostname: string }[] };
    const senders = items.filter(({ hostname }) => hostname.startsWith('sender-')).length;
    const inFlight = Number(/^qconn_exchanges_in_flight (\d+)/m.exec(await api.text('/metrics'))?.[1]);
    if (inFlight === 0 && senders === 0) return [];
    if (performance.now() > end)
      return [`the hub is left with ${inFlight} exchanges and ${senders} sessions of senders`];
    await sleep(500);
  }
}

function report(
  events: Readonly<Record<string, number>>,
  processes: readonly FleetProcess[],
  killed: Set<string>,
): void {
  const verdict = judge(
    processes.flatMap(({ journal }) => readJournal(journal)),
    killed,
  );
  violations.push(...verdict.violations);
  console.table(events);
  console.table(verdict.outcomes);
  for (const violation of violations.slice(0, 50)) console.log(`VIOLATION ${violation}`);
  console.log(`seed ${seed}: ${violations.length} violations`);
  console.log(JSON.stringify({ chaos: { seed, seconds, ...verdict.counts, violations: violations.length } }));
}
