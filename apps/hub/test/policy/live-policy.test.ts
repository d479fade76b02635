import { ManualClock } from '@qconn/clock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LivePolicy, type Touched } from '../../src/policy/live-policy.ts';
import { CapturedLog } from '../hub/captured-log.ts';
import { ScriptedSource } from './scripted-source.ts';

const MAX_AGE_MS = 15 * 60_000;

let clock: ManualClock;
let database: ScriptedSource;
let log: CapturedLog;
let policy: LivePolicy;
let touched: Touched[];

beforeEach(async () => {
  clock = new ManualClock();
  database = new ScriptedSource();
  log = new CapturedLog();
  database.commit({ fingerprint: 'qc1first' });
  policy = await LivePolicy.start({ source: database.source, clock, log: log.logger }, { maxAgeMs: MAX_AGE_MS });
  touched = [];
  policy.onChange((which) => touched.push(which));
  database.loads = 0;
});

afterEach(() => policy.close());

/** Lets everything run that waits for no timer. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Lets time pass as it does: what a timer starts may set the next one. */
async function pass(ms: number): Promise<void> {
  const end = clock.monotonic() + ms;
  while (clock.monotonic() < end) {
    clock.advance(Math.min(500, end - clock.monotonic()));
    await settled();
  }
}

describe('up to date', () => {
  test('waits for a change that is announced a little later, and reads nothing but that change', async () => {
    const change = database.commit({ fingerprint: 'qc1second' });
    const upToDate = policy.upToDate();
    await settled();
    expect(policy.current.machine('qc1second')).toBeUndefined();
    database.announce(change);
    expect(await upToDate).toBe(true);
    expect(policy.current.machine('qc1second')).toMatchObject({ status: 'authorized' });
    expect(database.loads).toBe(0);
    expect(touched).toEqual([['qc1second']]);
    expect(clock.pendingTimers).toBe(2);
  });

  test('loads everything when the announcement was missed', async () => {
    database.commit({ fingerprint: 'qc1second' });
    const upToDate = policy.upToDate();
    await settled();
    await pass(500);
    expect(await upToDate).toBe(true);
    expect(policy.current.machine('qc1second')).toBeDefined();
    expect(database.loads).toBe(1);
    expect(touched).toEqual(['all']);
  });

  test('loads everything at once after the database was restored from a backup', async () => {
    database.machines.delete('qc1first');
    database.generationNow = 1;
    expect(await policy.upToDate()).toBe(true);
    expect(policy.current.machine('qc1first')).toBeUndefined();
    expect(policy.current.generation).toBe(1);
  });

  test('is one question to the database for all who ask while another is under way', async () => {
    const before = database.questions;
    const answers = await Promise.all(Array.from({ length: 1000 }, () => policy.upToDate()));
    expect(answers.every(Boolean)).toBe(true);
    // The one under way may be older than the change that the rest ask for: they share the next.
    expect(database.questions - before).toBe(2);
  });

  test('is false when the database cannot be asked', async () => {
    database.down = true;
    expect(await policy.upToDate()).toBe(false);
    expect(policy.current.machine('qc1first')).toBeDefined();
  });
});

describe('announcements', () => {
  test('a gap in them is filled by loading everything', async () => {
    database.commit({ fingerprint: 'qc1second' });
    database.announce(database.commit({ fingerprint: 'qc1third' }));
    await settled();
    expect(policy.current.machine('qc1second')).toBeDefined();
    expect(policy.current.machine('qc1third')).toBeDefined();
    expect(database.loads).toBe(1);
  });

  test('a missed one is made up for within the resync interval, with nobody asking', async () => {
    database.commit({ fingerprint: 'qc1second' });
    await pass(31_000);
    expect(policy.current.machine('qc1second')).toBeDefined();
  });

  test('a lost connection is made up for when it is back', async () => {
    database.commit({ fingerprint: 'qc1second' });
    database.announce({ kind: 'resync' });
    await settled();
    expect(policy.current.machine('qc1second')).toBeDefined();
  });

  test('one that cannot be followed up is tried again within a second or two', async () => {
    database.down = true;
    database.announce(database.commit({ fingerprint: 'qc1second' }));
    await settled();
    database.down = false;
    await pass(1_500);
    expect(policy.current.machine('qc1second')).toBeDefined();
  });

  test('a slow database holds up the change, never the decisions; later changes keep their order', async () => {
    const slow = Promise.withResolvers<void>();
    database.slow = slow.promise;
    database.announce(database.commit({ fingerprint: 'qc1second', roles: ['a'] }));
    database.announce(database.commit({ fingerprint: 'qc1second', roles: ['b'] }));
    await settled();
    expect(policy.current.decide('qc1first', 'submit', 'print')).toMatchObject({ allowed: false });
    expect(policy.current.generation).toBe(2);
    slow.resolve();
    await settled();
    expect(policy.current.generation).toBe(4);
    expect(policy.current.machine('qc1second')?.roles).toEqual(['b']);
    expect(database.loads).toBe(0);
  });
});

describe('without the database', () => {
  test('the last policy stays in force, and it is said once', async () => {
    database.down = true;
    await pass(10 * 60_000);
    expect(policy.current.machine('qc1first')).toBeDefined();
    expect(policy.freshness).toMatchObject({ reachable: false, stale: false });
    expect(log.lines.map(({ event }) => event)).toEqual(['database_lost']);
  });

  test('after the limit it is too old to serve by; when the database is back it serves again', async () => {
    let told = 0;
    policy.freshness.onStale(() => told++);
    database.down = true;
    const revoked = database.commit({ fingerprint: 'qc1first', status: 'revoked' });
    await pass(MAX_AGE_MS - 1_000);
    expect(policy.freshness.stale).toBe(false);
    await pass(1_000);
    expect(policy.freshness.stale).toBe(true);
    expect(told).toBe(1);
    expect(revoked.kind).toBe('changed');
    database.down = false;
    await pass(2_000);
    expect(policy.freshness).toMatchObject({ reachable: true, stale: false });
    expect(policy.current.machine('qc1first')?.status).toBe('revoked');
    expect(log.lines.map(({ event }) => event)).toEqual([
      'database_lost',
      'policy_stale',
      'database_regained',
      'policy_fresh',
    ]);
  });

  test('a database that says nothing counts as one that is gone', async () => {
    database.slow = new Promise(() => {});
    await pass(MAX_AGE_MS);
    expect(policy.freshness.stale).toBe(true);
    database.slow = undefined;
    // The question that hangs would end with the driver's own deadline.
    policy = await LivePolicy.start({ source: database.source, clock, log: log.logger }, { maxAgeMs: MAX_AGE_MS });
  });

  test('a hub that compares again and again never gets old', async () => {
    await pass(2 * MAX_AGE_MS);
    expect(policy.freshness.stale).toBe(false);
    expect(log.lines).toEqual([]);
  });
});
