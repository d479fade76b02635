/**
 * What a hub does when it is asked for more than it can: `npx -y pnpm@12 bench overload [--seconds 4]`. Hub, provider and
 * senders are processes; a request has 256 bytes. First what two senders get done with 64 in flight each; then three
 * times as much is offered. Then a quiet sender, alone and beside one that keeps 1,000 in flight. The last line is JSON.
 */
import { parseArgs } from 'node:util';
import { createDatabase, startPostgres } from '@qconn/testkit';
import { SiteProcess } from '../src/site-process.ts';
import { spreadOf, type Spread } from './faults/percentile.ts';
import { LoadMachine, type Measured } from './overload/load.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '4' } } });
const ms = Number(values.seconds) * 1_000;
const LOAD = { kind: 'closed', inFlight: 64, ms } as const;
const QUIET = { kind: 'paced', perSecond: 50, ms } as const;

const server = process.env['DATABASE_URL'] === undefined ? await startPostgres() : undefined;
process.env['DATABASE_URL'] ??= server?.url;
const site = await SiteProcess.open(await createDatabase());
const machines: LoadMachine[] = [];
try {
  const [provider, one, two, quiet] = [
    await start('provider'),
    await start('one'),
    await start('two'),
    await start('quiet'),
  ];
  await provider.provide();
  await one.run({ ...LOAD, ms: 1_000 });
  const capacity = summary(await both(one.run(LOAD), two.run(LOAD)));
  const offered = (3 * capacity.perSecond) / 2;
  const paced = { kind: 'paced', perSecond: offered, ms } as const;
  const overload = summary(await both(one.run(paced), two.run(paced)));
  const alone = summary(await quiet.run(QUIET));
  const [beside] = await Promise.all([quiet.run(QUIET), one.run({ ...LOAD, inFlight: 1_000, ms: ms + 500 })]);
  const disturbed = summary(beside);
  show('at capacity', capacity);
  show('offered 3 times', overload);
  show('quiet sender', alone);
  show('beside a flood', disturbed);
  const figures = {
    capacity: capacity.perSecond,
    overloadP99Ratio: ratio(overload.accepted, capacity.accepted),
    overloadRefused: overload.refused,
    refusalP99Ms: overload.refusal?.p99Ms ?? null,
    quietP99Ratio: ratio(disturbed.accepted, alone.accepted),
  };
  console.log(JSON.stringify({ bench: 'overload', ...figures }));
} finally {
  for (const machine of machines) await machine.stop();
  await site.close();
  await server?.stop();
}

async function start(name: string): Promise<LoadMachine> {
  const machine = await LoadMachine.start((await site.enrol(name)).folder);
  machines.push(machine);
  return machine;
}

async function both(first: Promise<Measured>, second: Promise<Measured>): Promise<Measured> {
  const all = await Promise.all([first, second]);
  return {
    acceptedMs: all.flatMap(({ acceptedMs }) => acceptedMs),
    refusedMs: all.flatMap(({ refusedMs }) => refusedMs),
  };
}

interface Summary {
  readonly perSecond: number;
  readonly accepted: Spread;
  readonly refused: number;
  readonly refusal: Spread | undefined;
}

function summary({ acceptedMs, refusedMs }: Measured): Summary {
  return {
    perSecond: Math.round((acceptedMs.length * 1_000) / ms),
    accepted: spreadOf(acceptedMs),
    refused: refusedMs.length,
    refusal: refusedMs.length === 0 ? undefined : spreadOf(refusedMs),
  };
}

function show(what: string, { perSecond, accepted, refused, refusal }: Summary): void {
  const told = refusal === undefined ? '' : `, ${refused} refused, p99 ${refusal.p99Ms} ms`;
  console.log(`${what.padEnd(16)} ${perSecond}/s, p50 ${accepted.p50Ms} ms, p99 ${accepted.p99Ms} ms${told}`);
}

function ratio(a: Spread, b: Spread): number {
  return Math.round((a.p99Ms / b.p99Ms) * 100) / 100;
}
