import { performance, PerformanceObserver } from 'node:perf_hooks';
import { compilePolicy, type Party, type Policy, Seat } from '@qconn/authz';
import { quantile } from '../../../tooling/measure/quantile.ts';
import { commandLine } from '../../../tooling/command-line/command-line.ts';
import { type Fleet, makeFleet, seeded } from './decide/fleet.ts';

commandLine({
  name: 'bench decide',
  about: 'What deciding costs with 1,000 roles of 100 grants and 100,000 machines. The last line is JSON.',
  options: {},
});

/**
 * `decide` is asked about 4,096 flows between a thousand connected machines, which hold seats as the hub's sessions do;
 * `decideByFingerprint` about the same without seats; `decideCold` about as many random pairs of all machines in every
 * round, which measures main memory. Four questions in five are allowed; service types are strings of their own, as
 * they come out of frames. A round takes a millisecond; rates are those of the best round, which nothing else on the
 * computer disturbed, and `…Median` of the median one.
 */
const ROLES = 1_000;
const MACHINES = 100_000;
const CONNECTED = 1_000;
const FLOWS = 4_096;
const ROUNDS = 400;
/** Share of questions that are not chosen for being allowed; nearly all of them are refused. */
const REFUSED = 0.2;
const SEED = 20_260_101;

interface Question {
  readonly sender: Party;
  readonly target: Party;
  readonly serviceType: string;
}

const random01 = seeded(SEED);
const fleet = makeFleet(ROLES, MACHINES, random01);
const fingerprints = fleet.machines.map(({ fingerprint }) => fingerprint);
const compileTimes = Array.from({ length: 5 }, () => timed(() => compilePolicy({ generation: 1, ...fleet })));
const compileMs = quantile(compileTimes, 0.5);
const policy = compilePolicy({ generation: 1, ...fleet });

const connected = fingerprints.slice(0, CONNECTED);
const flows = makeQuestions(connected.map((fingerprint) => new Seat(fingerprint)));
const byFingerprint = makeQuestions(connected);
const cold = Array.from({ length: 32 }, () => makeQuestions(fingerprints));
const decide = ({ sender, target, serviceType }: Question): boolean =>
  policy.decide(sender, 'submit', serviceType, target).allowed;
const decideExchange = ({ sender, target, serviceType }: Question): boolean =>
  policy.decideExchange(sender, target, serviceType).allowed;

const result = {
  bench: 'decide',
  ...rates('decide', [flows], decide),
  ...rates('exchange', [flows], decideExchange),
  ...rates('decideByFingerprint', [byFingerprint], decide),
  ...rates('decideCold', cold, decide),
  decideNsP99: Math.round(nsP99(flows)),
  gcPauseMsMax: round(await longestPause(() => flows.forEach(decideExchange))),
  compileMs: round(compileMs),
  ...change('incremental', (current, turn) => current.with({ generation: turn, machines: [changedMachine(turn)] })),
  ...change('incrementalRole', (current, turn) => current.with({ generation: turn, roles: [changedRole(turn)] })),
};
console.log(`${ROLES} roles of 100 grants, ${MACHINES} machines, seed ${SEED}, Node ${process.version}`);
console.log(JSON.stringify(result));

function makeQuestions(parties: readonly Party[]): Question[] {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random01() * items.length)] as T;
  const ask = (): Question => ({
    sender: pick(parties),
    target: pick(parties),
    serviceType: Buffer.from(pick(fleet.serviceTypes)).toString(),
  });
  return Array.from({ length: FLOWS }, () => {
    let question = ask();
    if (random01() < REFUSED) return question;
    while (!policy.decide(question.sender, 'submit', question.serviceType, question.target).allowed) question = ask();
    return question;
  });
}

function rates(
  name: string,
  lists: readonly Question[][],
  ask: (question: Question) => boolean,
): Record<string, number> {
  let allowed = 0;
  const times = Array.from({ length: ROUNDS }, (_, turn) => {
    const questions = lists[turn % lists.length] as Question[];
    return timed(() => {
      for (const question of questions) if (ask(question)) allowed += 1;
    });
  });
  if (allowed === 0) throw new Error('nothing was allowed: the fleet is not what it should be');
  const perSecond = (ms: number): number => Math.round((FLOWS / ms) * 1_000);
  return {
    [`${name}PerSecond`]: perSecond(Math.min(...times)),
    [`${name}PerSecondMedian`]: perSecond(quantile(times, 0.5)),
  };
}

/** Of single decisions, in nanoseconds, with the cost of reading the clock: the best round's 99th percentile. */
function nsP99(questions: readonly Question[]): number {
  const times = new Float64Array(questions.length);
  const rounds = Array.from({ length: ROUNDS }, () => {
    questions.forEach((question, index) => {
      const start = performance.now();
      decide(question);
      times[index] = performance.now() - start;
    });
    return quantile(times, 0.99);
  });
  return Math.min(...rounds) * 1e6;
}

/** The longest pause of the garbage collector while something is done over and over for two seconds. */
async function longestPause(work: () => void): Promise<number> {
  globalThis.gc?.();
  let longest = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  });
  observer.observe({ entryTypes: ['gc'] });
  const end = performance.now() + 2_000;
  while (performance.now() < end) work();
  await new Promise((resolve) => setTimeout(resolve, 10));
  observer.disconnect();
  return longest;
}

/** 200 changes, one after another, each with the first decision after it: the median and the slowest. */
function change(name: string, make: (current: Policy, turn: number) => Policy): Record<string, number> {
  let current = policy;
  const times = flows.slice(0, 200).map(({ sender, target, serviceType }, turn) =>
    timed(() => {
      current = make(current, turn);
      current.decide(sender, 'submit', serviceType, target);
    }),
  );
  return { [`${name}Ms`]: round(quantile(times, 0.5)), [`${name}MsMax`]: round(Math.max(...times)) };
}

function changedMachine(turn: number): Fleet['machines'][number] {
  const machine = fleet.machines[turn * 37] as Fleet['machines'][number];
  return { ...machine, roles: [`role-${turn}`, `role-${turn + 1}`] };
}

function changedRole(turn: number): Fleet['roles'][number] {
  const role = fleet.roles[turn] as Fleet['roles'][number];
  return { ...role, grants: role.grants.slice(1) };
}

function timed(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
