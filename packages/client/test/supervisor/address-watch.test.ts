import { ManualClock } from '@qconn/clock';
import { QconnError } from '@qconn/protocol';
import type { Connection } from '@qconn/transport';
import { beforeEach, expect, test } from 'vitest';
import { AddressWatch } from '../../src/supervisor/address-watch.ts';
import type { Resolution } from '../../src/supervisor/hub-resolver.ts';

let clock: ManualClock;
let answer: Resolution | QconnError;
let asked: number[];
let moves: number;
let closed: PromiseWithResolvers<void>;
beforeEach(() => {
  clock = new ManualClock();
  asked = [];
  moves = 0;
  closed = Promise.withResolvers();
});

function pointsTo(hosts: readonly string[], ttlMs?: number): Resolution {
  return { places: hosts.map((host) => ({ address: { host, port: 7443 }, serverName: 'hub' })), ttlMs };
}

function watch(): AddressWatch {
  const connection = { remote: { host: '192.0.2.1', port: 7443 }, closed: closed.promise } as unknown as Connection;
  const resolveAgain = (): Promise<Resolution> => {
    asked.push(clock.monotonic());
    return answer instanceof QconnError ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return new AddressWatch(connection, { clock, resolveAgain }, () => moves++);
}

/** Lets time pass a second at a time, with what each second brings. */
async function pass(seconds: number): Promise<void> {
  for (let n = 0; n < seconds; n++) {
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('asks after five seconds, then every minute, or as often as the resolver says the answer holds', async () => {
  answer = pointsTo(['192.0.2.1']);
  watch();
  await pass(66);
  expect(asked).toEqual([5_000, 65_000]);
  answer = pointsTo(['192.0.2.1'], 20_000);
  await pass(100);
  expect(asked.slice(2)).toEqual([125_000, 145_000, 165_000]);
  answer = pointsTo(['192.0.2.1'], 1);
  await pass(40);
  expect(asked.slice(5)).toEqual([185_000, 190_000, 195_000, 200_000, 205_000]);
  expect(moves).toBe(0);
});

test('a name that has left the address three answers long has moved, and that is told once', async () => {
  answer = pointsTo(['192.0.2.7'], 5_000);
  watch();
  await pass(14);
  expect(moves).toBe(0);
  await pass(60);
  expect(moves).toBe(1);
  expect(clock.pendingTimers).toBe(0);
});

test.each([
  ['an answer that names the address again', pointsTo(['192.0.2.7', '192.0.2.1'], 5_000)],
  ['no address at all', pointsTo([], 5_000)],
])('%s begins the count anew', async (_what, again) => {
  answer = pointsTo(['192.0.2.7'], 5_000);
  watch();
  await pass(10);
  answer = again;
  await pass(5);
  answer = pointsTo(['192.0.2.7'], 5_000);
  await pass(10);
  expect(moves).toBe(0);
});

test('a resolver that fails says nothing', async () => {
  answer = new QconnError('unreachable');
  watch();
  await pass(600);
  expect(moves).toBe(0);
});

test('nothing is asked when the connection has ended', async () => {
  answer = pointsTo(['192.0.2.1']);
  watch();
  closed.resolve();
  await pass(100);
  expect(asked).toEqual([]);
});

test('of an address from which nothing comes one answer without it is enough', async () => {
  answer = pointsTo(['192.0.2.1']);
  const suspicious = watch();
  suspicious.suspect();
  suspicious.suspect();
  await pass(1);
  expect([asked, moves]).toEqual([[0], 0]);
  answer = pointsTo(['192.0.2.7']);
  suspicious.suspect();
  await pass(1);
  expect([asked, moves]).toEqual([[0, 1_000], 1]);
});

test('a suspicion that came to nothing is forgotten', async () => {
  answer = pointsTo(['192.0.2.1']);
  watch().suspect();
  await pass(1);
  answer = pointsTo(['192.0.2.7'], 5_000);
  await pass(61);
  expect([asked.length, moves]).toEqual([2, 0]);
});
