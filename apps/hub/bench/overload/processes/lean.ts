import { receiveTask, report } from '../../../../../tooling/measure/task.ts';
import type { BenchMachine } from '../../relay/machines.ts';
import { LeanMachine } from '../lean-machine.ts';

/** Lean machines that one process plays. */
export interface LeanTask {
  readonly machines: readonly BenchMachine[];
  readonly port: number;
  /** Hostname of whom they send to; without it they provide. */
  readonly provider?: string;
}

/**
 * A load: so many in flight, always; or so many a second, whatever becomes of them. Each over all machines together, which keep to what
 * the hub allows them, as a client does, unless they are hostile.
 */
export type LeanOrder = { readonly ms: number; readonly hostile?: true } & (
  | { readonly kind: 'closed'; readonly inFlight: number }
  | { readonly kind: 'paced'; readonly perSecond: number }
);

/** What became of it. */
export interface LeanAnswer {
  /** Milliseconds from when each was sent, or was due, until its answer. */
  readonly acceptedMs: number[];
  /** Milliseconds from the call until its refusal, here or by the hub. */
  readonly refusedMs: number[];
  /** Processor time that the load took here, in microseconds. */
  readonly cpuUs: number;
}

/** When a load of so many in flight sends again what was refused, in milliseconds: as refusals say. */
const RETRY_MS = 100;

/** How often a paced load looks what is due, in milliseconds. */
const LOOK_MS = 1;

/** What is still unanswered so long after a load is over is not waited for. */
const PATIENCE_MS = 2_000;

const { machines, port, provider } = await receiveTask<LeanTask>();
const lean = await Promise.all(machines.map((machine) => LeanMachine.connect(machine, port, provider === undefined)));
process.on('message', (order: LeanOrder) => void run(order).then(report));
report({ ready: true });

let answer: LeanAnswer;
let outstanding = 0;
let hostile = false;

async function run(order: LeanOrder): Promise<LeanAnswer> {
  answer = { acceptedMs: [], refusedMs: [], cpuUs: 0 };
  hostile = order.hostile === true;
  const before = process.cpuUsage();
  const end = performance.now() + order.ms;
  if (order.kind === 'closed') {
    for (let n = 0; n < order.inFlight; n++) keepSending(n, end);
    await until(end);
  } else await pace(order.perSecond, end);
  const { user, system } = process.cpuUsage(before);
  const late = performance.now() + PATIENCE_MS;
  while (outstanding > 0 && performance.now() < late) await until(performance.now() + LOOK_MS);
  if (outstanding > 0) console.error(`${outstanding} requests were not settled in time`);
  return { ...answer, cpuUs: user + system };
}

function keepSending(n: number, end: number): void {
  send(n, performance.now(), (answered) => {
    const again = (): void => {
      if (performance.now() < end) keepSending(n, end);
    };
    if (answered || hostile) again();
    else setTimeout(again, RETRY_MS);
  });
}

async function pace(perSecond: number, end: number): Promise<void> {
  const start = performance.now();
  const every = 1_000 / perSecond;
  for (let n = 0; ;) {
    const now = performance.now();
    if (now >= end) return;
    for (; start + n * every <= now; n++) send(n, start + n * every, () => {});
    await until(now + LOOK_MS);
  }
}

function send(n: number, since: number, then: (answered: boolean) => void): void {
  outstanding++;
  const called = performance.now();
  lean[n % lean.length]?.request(provider ?? '', hostile, (answered) => {
    outstanding--;
    if (answered) answer.acceptedMs.push(performance.now() - since);
    else answer.refusedMs.push(performance.now() - called);
    then(answered);
  });
}

function until(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, time - performance.now())));
}
