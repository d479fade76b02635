/**
 * Hub, providers and senders are processes, hubs on one processor and all the others on another; a request has 256 bytes. First what it gets done with 512 in flight, and a tenth of that; then two senders are asked for three times as much, and keep
 * to what the hub allows them, as clients do. Then a quiet sender, a `@qconn/client` with a provider of its own, has the hub alone; has a flood beside it
 * that goes to another hub on the same machine, and so takes as much of the processor; and has the flood at its own hub: two senders
 * that take no notice of what the hub allows them, keep 1,000 in flight and send anew whatever is refused.
 */
import path from 'node:path';
import { commandLine } from '../../../tooling/command-line/command-line.ts';
import { Child } from '../../../tooling/measure/child.ts';
import { quantile } from '../../../tooling/measure/quantile.ts';
import type { LeanAnswer, LeanOrder, LeanTask } from './overload/processes/lean.ts';
import type { QuietAnswer, QuietTask } from './overload/processes/quiet.ts';
import { makeMachine, type BenchMachine } from './relay/machines.ts';
import { PreparedHub, type HubChild } from './relay/prepared-hub.ts';

const {
  seconds,
  only,
  flood: floodSize,
} = commandLine({
  name: 'bench overload',
  about: `What a hub does when it is asked for three times as much as it can, and how a quiet sender fares beside a flood. Wants two
processors. The last line is JSON.`,
  options: {
    seconds: { number: 4, about: 'length of each measurement' },
    only: { some: ['load', 'flood'], about: 'these parts' },
    flood: { number: 1_000, about: 'requests in flight of a flood' },
  },
});
const ms = seconds * 1_000;
const WARM_UP_MS = 1_500;
const AT_CAPACITY = { kind: 'closed', inFlight: 512, ms } as const;
/** The two floods take turns, so that what else the machine does meets both. */
const ROUNDS = 4;
const FLOOD = { kind: 'closed', inFlight: floodSize, ms: ms / 2 + 250, hostile: true } as const;
const QUIET = { perSecond: 250, ms: ms / 2 };

/** Hubs have a processor, and everybody else another: senders that take it from the hub would show as the hub's doing. */
const HUBS = 0;
const OTHERS = 1;

/** What part of its capacity leaves a hub unloaded. */
const UNLOADED = 0.1;
const OVERLOAD = 3;

const children: Child[] = [];
const [prepared, elsewhere] = [await PreparedHub.make(), await PreparedHub.make()];
try {
  await measure();
} finally {
  for (const child of children) child.kill();
  await elsewhere.close();
  await prepared.close();
}

/** A hub with a provider, two senders in one process, and who is to be quiet. */
interface Field {
  readonly hub: HubChild;
  readonly senders: Child;
  readonly quiet: Child;
}

async function field(of: PreparedHub): Promise<Field> {
  const names = ['provider', 'other', 'one', 'two', 'quiet'];
  const machines = await Promise.all(names.map((name) => makeMachine(of.authority, name)));
  await of.addMachines(machines);
  const [provider, other, one, two, quiet] = machines as [
    BenchMachine,
    BenchMachine,
    BenchMachine,
    BenchMachine,
    BenchMachine,
  ];
  const hub = await of.start();
  const { port } = hub;
  if (!hub.pin(HUBS)) console.log('there is no taskset here: hubs and senders take the processor from each other');
  for (const machine of [provider, other]) await start('lean', { machines: [machine], port } satisfies LeanTask);
  return {
    hub,
    senders: await start('lean', { machines: [one, two], port, provider: 'provider' } satisfies LeanTask),
    quiet: await start('quiet', { machine: quiet, port, provider: 'other' } satisfies QuietTask),
  };
}

async function measure(): Promise<void> {
  const [here, there] = [await field(prepared), await field(elsewhere)];
  try {
    for (const { senders } of [here, there]) await ask<LeanAnswer>(senders, { ...AT_CAPACITY, ms: WARM_UP_MS });
    await ask<QuietAnswer>(here.quiet, { ...QUIET, ms: WARM_UP_MS });
    const figures = {
      ...(only.has('load') ? await overload(here) : {}),
      ...(only.has('flood') ? await flood(here, there) : {}),
    };
    console.log(JSON.stringify({ bench: 'overload', ...figures }));
  } finally {
    here.hub.kill();
    there.hub.kill();
  }
}

async function overload({ hub, senders }: Field): Promise<Record<string, number>> {
  const capacity = summary(await ask<LeanAnswer>(senders, AT_CAPACITY));
  const paced = (share: number): LeanOrder => ({ kind: 'paced', perSecond: share * capacity.perSecond, ms });
  const unloaded = summary(await ask<LeanAnswer>(senders, paced(UNLOADED)));
  await hub.usage();
  const answer = await ask<LeanAnswer>(senders, paced(OVERLOAD));
  const overloaded = summary(answer);
  const { cpuUs } = await hub.usage();
  show('at capacity', capacity);
  show('a tenth of that', unloaded);
  show('three times', overloaded);
  const [hubShare, sendersShare] = [cpuUs, answer.cpuUs].map((us) => Math.round(us / 10 / ms));
  console.log(`  of a core, the hub used ${hubShare} % and the senders ${sendersShare} % meanwhile`);
  return {
    'overload.capacityPerSecond': capacity.perSecond,
    'overload.offeredPerSecond': overloaded.perSecond + overloaded.refusedPerSecond,
    'overload.acceptedPerSecond': overloaded.perSecond,
    'overload.refusedPerSecond': overloaded.refusedPerSecond,
    'overload.unloadedP99Ms': unloaded.p99Ms,
    'overload.capacityP99Ms': capacity.p99Ms,
    'overload.acceptedP99Ms': overloaded.p99Ms,
    'overload.refusedP99Ms': overloaded.refusedP99Ms,
    'overload.p99ToUnloaded': ratio(overloaded.p99Ms, unloaded.p99Ms),
    'overload.p99ToCapacity': ratio(overloaded.p99Ms, capacity.p99Ms),
  };
}

async function flood(here: Field, there: Field): Promise<Record<string, number>> {
  const alone = quietly(await ask<QuietAnswer>(here.quiet, QUIET));
  const answers = new Map(
    [here, there].map((one) => [one, { floods: [] as LeanAnswer[], quiet: [] as QuietAnswer[] }]),
  );
  for (let round = 0; round < ROUNDS; round++) {
    for (const [{ senders }, { floods, quiet }] of answers) {
      const both = [ask<LeanAnswer>(senders, FLOOD), ask<QuietAnswer>(here.quiet, QUIET)] as const;
      floods.push(await both[0]);
      quiet.push(await both[1]);
    }
  }
  const beside = (one: Field): [Summary, Quiet] => {
    const { floods = [], quiet = [] } = answers.get(one) ?? {};
    return [
      summary(
        {
          acceptedMs: floods.flatMap(({ acceptedMs }) => acceptedMs),
          refusedMs: floods.flatMap(({ refusedMs }) => refusedMs),
        },
        ROUNDS * FLOOD.ms,
      ),
      quietly({
        acceptedMs: quiet.flatMap(({ acceptedMs }) => acceptedMs),
        failed: quiet.reduce((sum, { failed }) => sum + failed, 0),
      }),
    ];
  };
  const [floodThere, besideThere] = beside(there);
  const [floodHere, besideHere] = beside(here);
  show('flood elsewhere', floodThere);
  show('flood here', floodHere);
  for (const [what, { p50Ms, p99Ms, failed }] of [
    ['alone', alone],
    ['beside a flood elsewhere', besideThere],
    ['beside a flood here', besideHere],
  ] as const)
    console.log(`quiet sender ${what.padEnd(26)} p50 ${p50Ms} ms, p99 ${p99Ms} ms, ${failed} not answered`);
  return {
    'flood.quietAloneP99Ms': alone.p99Ms,
    'flood.quietBesideElsewhereP99Ms': besideThere.p99Ms,
    'flood.quietBesideP99Ms': besideHere.p99Ms,
    'flood.quietNotAnswered': besideHere.failed,
    'flood.p99ToAlone': ratio(besideHere.p99Ms, alone.p99Ms),
    'flood.p99ToElsewhere': ratio(besideHere.p99Ms, besideThere.p99Ms),
  };
}

async function start(program: string, task: object): Promise<Child> {
  const child = new Child(path.resolve(import.meta.dirname, `overload/processes/${program}.ts`), task);
  children.push(child);
  child.pin(OTHERS);
  await child.next();
  return child;
}

function ask<T>(child: Child, order: object): Promise<T> {
  const answer = child.next<T>();
  child.tell(order);
  return answer;
}

interface Summary {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly refusedPerSecond: number;
  readonly refusedP99Ms: number;
}

function summary({ acceptedMs, refusedMs }: Omit<LeanAnswer, 'cpuUs'>, during = ms): Summary {
  return {
    perSecond: Math.round((acceptedMs.length * 1_000) / during),
    p50Ms: at(acceptedMs, 0.5),
    p99Ms: at(acceptedMs, 0.99),
    refusedPerSecond: Math.round((refusedMs.length * 1_000) / during),
    refusedP99Ms: at(refusedMs, 0.99),
  };
}

interface Quiet {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}

function quietly({ acceptedMs, failed }: QuietAnswer): Quiet {
  return { p50Ms: at(acceptedMs, 0.5), p99Ms: at(acceptedMs, 0.99), failed };
}

function at(times: readonly number[], share: number): number {
  return times.length === 0 ? 0 : Number(quantile(times, share).toFixed(2));
}

function show(what: string, { perSecond, p50Ms, p99Ms, refusedPerSecond, refusedP99Ms }: Summary): void {
  const refused = refusedPerSecond === 0 ? '' : `; ${refusedPerSecond}/s refused, p99 ${refusedP99Ms} ms`;
  console.log(`${what.padEnd(16)} ${perSecond}/s, p50 ${p50Ms} ms, p99 ${p99Ms} ms${refused}`);
}

function ratio(a: number, b: number): number {
  return Number((a / b).toFixed(2));
}
