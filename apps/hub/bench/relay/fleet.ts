import path from 'node:path';
import { Child } from '../../../../tooling/measure/child.ts';
import { quantile } from '../../../../tooling/measure/quantile.ts';
import type { BenchMachine } from './machines.ts';
import type { PreparedHub } from './prepared-hub.ts';
import type { FleetOrder, FleetTask } from './processes/fleet.ts';

/** What a fleet costs the hub. */
export interface FleetResult {
  readonly machines: number;
  readonly hubRssMB: number;
  readonly hubCpuFraction: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Processes that play the machines that are connected and no more; those that talk have one to themselves. */
const IDLE_PROCESSES = 3;

/** One machine in so many sends, and another answers. */
const SENDER_EVERY = 100;

/**
 * Two hundred machines in one process share its garbage, which each would collect a two-hundredth as often on its own: a small nursery,
 * so that none of its collections takes long, of which all wait for each, and room for what outlives it.
 */
const TALKING_FLAGS: readonly string[] = [
  '--min-semi-space-size=8',
  '--max-semi-space-size=8',
  '--heap-growing-percent=400',
];

const PER_SECOND = 10;

/**
 * How long the load lasts, in milliseconds, once without being measured: what ten thousand handshakes have left, which would fall into
 * one run and not into the next, is gone then, and keepalives are spread.
 */
const LOAD_MS = 10_000;

/** Machines that are connected, of which one in a hundred sends ten messages a second. */
export async function fleet(prepared: PreparedHub, count: number): Promise<FleetResult> {
  const talking = 2 * Math.ceil(count / SENDER_EVERY);
  const each = Math.ceil((count - talking) / IDLE_PROCESSES);
  const tasks: FleetTask[] = [{ folder: prepared.folder, first: 0, count: talking, talks: true }];
  for (let first = talking; first < count; first += each)
    tasks.push({ folder: prepared.folder, first, count: Math.min(each, count - first), talks: false });
  const players = tasks.map(
    (task) => new Child(path.resolve(import.meta.dirname, 'processes/fleet.ts'), task, task.talks ? TALKING_FLAGS : []),
  );
  const made = await Promise.all(players.map((player) => player.next<{ machines: BenchMachine[] }>()));
  for (const { machines } of made) await prepared.addMachines(machines);
  const hub = await prepared.start();
  try {
    const order: FleetOrder = {
      port: hub.port,
      hosts: prepared.hosts,
      perSecond: PER_SECOND,
      forMs: LOAD_MS,
    };
    for (const player of players) player.tell(order);
    const connected = await Promise.all(players.map((player) => player.next<{ connected: number }>()));
    await load(players);
    await hub.usage();
    const start = performance.now();
    const latencies = await load(players);
    const elapsedMs = performance.now() - start;
    const { rssBytes, cpuUs } = await hub.usage();
    const at = (share: number): number => Number(quantile(latencies, share).toFixed(1));
    return {
      machines: connected.reduce((sum, one) => sum + one.connected, 0),
      hubRssMB: Math.round(rssBytes / 1e6),
      hubCpuFraction: Number((cpuUs / 1_000 / elapsedMs).toFixed(2)),
      perSecond: Math.round((latencies.length / elapsedMs) * 1_000),
      p50Ms: at(0.5),
      p99Ms: at(0.99),
    };
  } finally {
    for (const player of players) player.kill();
    hub.kill();
  }
}

/** Has those who talk do so for a while. @returns how long each request took, in milliseconds */
async function load(players: readonly Child[]): Promise<number[]> {
  const answers = players.map((player) => player.next<{ latenciesMs: number[] }>());
  for (const player of players) player.tell('load');
  return (await Promise.all(answers)).flatMap(({ latenciesMs }) => latenciesMs);
}
