import { setPriority } from 'node:os';
import { receiveTask, report } from '../../../../../tooling/measure/task.ts';
import type { CertificateAuthority } from '@qconn/identity';
import { loadAuthority } from '../../../src/authority/authority-files.ts';
import { authorityFolder } from '../../../src/authority/authority-folders.ts';
import { makeMachine, SERVICE_TYPE, type BenchMachine } from '../machines.ts';
import { join, type Joined } from './connect.ts';

/** Part of the fleet, which one process plays. */
export interface FleetTask {
  readonly folder: string;
  /** Number of its first machine, and how many it has. */
  readonly first: number;
  readonly count: number;
  /** Whether its machines talk, each first one to the second; or whether they are connected and no more. */
  readonly talks: boolean;
}

/** Where the hub is, once it runs. */
export interface FleetOrder {
  readonly port: number;
  /** Addresses of the hub; machines are spread over them, for one source has a limit of connections. */
  readonly hosts: readonly string[];
  readonly perSecond: number;
  readonly forMs: number;
}

/** What machines that are connected and no more run at: the lowest priority that there is. */
const IDLE_NICENESS = 19;

/** Machines that connect at once. */
const AT_ONCE = 24;

const task = await receiveTask<FleetTask>();
// Who is connected and no more would be on another computer: here it is to yield to the hub and to who measures.
if (!task.talks) setPriority(IDLE_NICENESS);
const authority: CertificateAuthority = await loadAuthority(authorityFolder(task.folder));
const machines: BenchMachine[] = [];
for (let at = 0; at < task.count; at += AT_ONCE) {
  const names = Array.from({ length: Math.min(AT_ONCE, task.count - at) }, (_, index) => task.first + at + index);
  machines.push(...(await Promise.all(names.map((name) => makeMachine(authority, `m-${name}`)))));
}
const ordered = new Promise<FleetOrder>((resolve) => process.once('message', (order) => resolve(order as FleetOrder)));
report({ machines: machines.map(({ tls: _tls, ...rest }) => rest) });

const order = await ordered;
const joined = await connectAll(order);
process.on('message', () => void load(joined, order).then((latenciesMs) => report({ latenciesMs })));
report({ connected: joined.length });

async function connectAll({ port, hosts }: FleetOrder): Promise<Joined[]> {
  const all: Joined[] = [];
  const rest = [...machines.entries()];
  const connectSome = async (): Promise<void> => {
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const [index, machine] = next;
      const one = await join(machine, hosts[index % hosts.length] ?? '', port);
      if (task.talks && index % 2 === 1)
        await one.client.provide({ device: 'echo', serviceTypes: [SERVICE_TYPE] }, (job) => job.body);
      all[index] = one;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, connectSome));
  return all;
}

/** Each sender sends at its rate, from a moment of its own on. @returns how long each request took, in milliseconds */
async function load(all: readonly Joined[], { perSecond, forMs }: FleetOrder): Promise<number[]> {
  if (!task.talks) return [];
  const latenciesOfAll: number[] = [];
  const body = new Uint8Array(256);
  const every = 1_000 / perSecond;
  const send = async (sender: Joined, address: string): Promise<void> => {
    const start = performance.now();
    await sender.client.request(address, body);
    latenciesOfAll.push(performance.now() - start);
  };
  const senders = all.flatMap((sender, index) => (index % 2 === 0 ? [{ sender, index }] : []));
  await Promise.all(
    senders.map(async ({ sender, index }) => {
      const address = `${SERVICE_TYPE}@${machines[index + 1]?.hostname}/echo`;
      const pending: Promise<void>[] = [];
      const begin = performance.now() + Math.random() * every;
      for (let count = 0; count * every < forMs; count++) {
        const wait = begin + count * every - performance.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        pending.push(send(sender, address));
      }
      await Promise.all(pending);
    }),
  );
  return latenciesOfAll;
}
