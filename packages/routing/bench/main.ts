import { performance } from 'node:perf_hooks';
import { ExchangeTable, type LiveDevice, Quotas, resolve, type Session, SessionTable } from '@qconn/routing';
import { commandLine } from '../../../tooling/command-line/command-line.ts';

commandLine({
  name: 'bench routing',
  about: `What an exchange costs the hub's tables, with 10,000 machines that provide the same service type. The last line is JSON.`,
  options: {},
});

/** A round takes about a millisecond; rates are those of the best round, which nothing else on the computer disturbed. */
const MACHINES = 10_000;
const SENDERS = 100;
const BATCH = 1_000;
const ROUNDS = 300;

const sessions = new SessionTable<null>();
for (let index = 0; index < MACHINES; index += 1) {
  const id = `machine-${index}`;
  const { session } = sessions.add({ id, fingerprint: `qc1${index}`, hostname: id, value: null });
  sessions.provide(session, 'printer', ['print']);
}
const senders = [...sessions].slice(0, SENDERS);
const names = Array.from({ length: BATCH }, (_, index) => `machine-${(index * 7_919) % MACHINES}`);
const allowed = { allowed: true, reason: '' };
const context = { permitted: () => allowed, knownMachine: () => undefined };
const exchanges = new ExchangeTable<null, null>();
const quotas = new Quotas({ messages: { perSecond: 1e6, burst: 1e6 }, bytes: { perSecond: 1e9, burst: 1e9 } });
let requestId = 0;

/** Every machine has a few in flight, so that no device is idle and the least busy has to be found. */
const standing = Array.from({ length: MACHINES * 3 }, (_, index) => index).map((index) =>
  started(senders[index % SENDERS] as Session<null>, anyPrinter(index)),
);

const result = {
  bench: 'routing',
  resolveNamedPerSecond: rate((turn) =>
    target(resolve(sessions, { serviceType: 'print', machine: names[turn] }, { ...context, random01: 0 })),
  ),
  resolveAnyPerSecond: rate((turn) => anyPrinter(turn)),
  exchangePerSecond: rate((turn) => {
    const sender = senders[turn % SENDERS] as Session<null>;
    quotas.admit(sender.fingerprint, 256, turn);
    exchanges.close(started(sender, anyPrinter(turn)));
  }),
  inFlight: standing.length,
};
console.log(`${MACHINES} machines, ${standing.length} exchanges in flight, Node ${process.version}`);
console.log(JSON.stringify(result));

function anyPrinter(turn: number): LiveDevice<null> {
  return target(resolve(sessions, { serviceType: 'print' }, { ...context, random01: (turn * 0.618_034) % 1 }));
}

function target(resolution: ReturnType<typeof resolve<null>>): LiveDevice<null> {
  if (resolution.outcome !== 'resolved') throw new Error(resolution.reason);
  return resolution.device;
}

function started(sender: Session<null>, device: LiveDevice<null>): NonNullable<ReturnType<typeof exchanges.get>> {
  requestId += 1;
  const exchange = exchanges.open(sender, requestId, null);
  if (typeof exchange === 'string') throw new Error(exchange);
  exchanges.assign(exchange, device);
  exchanges.schedule(exchange, requestId + 10_000);
  return exchange;
}

function rate(work: (turn: number) => void): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    for (let turn = 0; turn < BATCH; turn += 1) work(turn);
    return performance.now() - start;
  });
  return Math.round((BATCH / Math.min(...times)) * 1_000);
}
