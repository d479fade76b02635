import { FairQueue, LineCredit } from '@qconn/routing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const LAW = { max: 1_000, waitMs: 20, lookMs: 20, rise: 1.25, tellShare: 0.1, lifeMs: 1_000 };

test('whoever does not wait for longer than it should is not held back', () => {
  const line = new LineCredit<string>(LAW);
  for (let now = 0; now < 5_000; now += 7) expect(line.served('a', now - 20, now, 1)).toBeUndefined();
  expect(line.size).toBe(0);
});

test('a line that never ends lowers the credit in proportion to the shortest wait in it, and by nothing else', () => {
  const line = new LineCredit<string>(LAW);
  expect(line.served('a', 0, 21, 1)).toBeUndefined();
  // Came before anything was known: it says nothing of how much the owner sends.
  expect(line.served('a', 20, 500, 1)).toBeUndefined();
  expect(line.served('a', 30, 30 + 40, 1)).toBe(500);
  expect(line.served('a', 71, 71 + 19, 1)).toBeUndefined();
  // One of them waited for as long as it should: 25 % more would be right, but 20 / 19 is.
  expect(line.served('a', 80, 80 + 90, 1)).toBeUndefined();
  expect(line.size).toBe(1);
});

test('nobody is told less than the least, nor less than one', () => {
  const line = new LineCredit<string>(LAW);
  for (const [owner, least] of [
    ['a', 250],
    ['b', 0],
  ] as const) {
    line.served(owner, 0, 21, least);
    expect(line.served(owner, 21, 1e9, least)).toBe(Math.max(1, least));
  }
});

test('what still holds is told again in time, and that it is over, once', () => {
  const line = new LineCredit<string>(LAW);
  line.served('a', 0, 21, 1);
  expect(line.served('a', 21, 221, 1)).toBe(100);
  let told = 0;
  let last: number | undefined;
  // As long a wait as it should be: nothing changes.
  for (let now = 250; now < 2_250; now += 25) {
    last = line.served('a', now - 20, now, 1) ?? last;
    if (last !== undefined) told += 1;
    if (last !== undefined) expect(last).toBe(100);
    last = undefined;
  }
  expect(told).toBe(4);
  const rises: number[] = [];
  for (let now = 3_000; now < 6_000; now += 25) rises.push(...[line.served('a', now, now, 1) ?? []].flat());
  expect(rises.slice(0, 3)).toEqual([125, 157, 197]);
  expect(rises.at(-1)).toBe(1_000);
  expect(rises.filter((credit) => credit === 1_000)).toHaveLength(1);
  expect(line.size).toBe(0);
});

test('whoever found no room in the line may have as much as it has there, and is told so once', () => {
  const line = new LineCredit<string>(LAW);
  expect(line.refused('a', 300, 5, 1)).toBe(300);
  expect([line.refused('a', 300, 5, 1), line.refused('a', 280, 6, 1)]).toEqual([undefined, undefined]);
  expect([line.refused('a', 100, 7, 150.5), line.refused('b', 0, 7, 0)]).toEqual([151, 1]);
});

test('it stays within its bounds, whatever happens', () => {
  const does = fc.constantFrom('served' as const, 'served' as const, 'refused' as const);
  const event = fc.record({
    does,
    owner: fc.constantFrom('a', 'b'),
    waited: fc.integer({ min: 0, max: 5_000 }),
    gap: fc.nat(100),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 300 }), fc.double({ min: 0, max: 400, noNaN: true }), (events, least) => {
      const line = new LineCredit<string>(LAW);
      let now = 10_000;
      for (const { does: what, owner, waited, gap } of events) {
        now += gap;
        const credit =
          what === 'served'
            ? line.served(owner, now - waited, now, least)
            : line.refused(owner, waited % LAW.max, now, least);
        if (credit === undefined) continue;
        expect(Number.isInteger(credit)).toBe(true);
        expect(credit).toBeGreaterThanOrEqual(Math.max(1, least));
        expect(credit).toBeLessThanOrEqual(LAW.max);
      }
      line.forget('a');
      line.forget('b');
      expect(line.size).toBe(0);
    }),
  );
});

/**
 * A hub that serves so many a millisecond, those in line one after the other, and refuses what has no room there or is late; and senders that would
 * send without end, and know of a refusal or a credit as long after it as they are away.
 * @returns for the last half of the time: the longest wait, what each sender got done, what was refused, and what more the hub could have done
 */
function simulate(delays: readonly number[], perMs: number, ms: number) {
  const queue = new FairQueue<number, null>({ count: 1_000, bytes: 1e9, countInAll: 4_000, bytesInAll: 1e9 });
  const line = new LineCredit<number>(LAW);
  const senders = delays.map((delayMs) => ({ delayMs, credit: LAW.max, unheard: 0 }));
  const done = delays.map(() => 0);
  const later: (() => void)[][] = Array.from({ length: ms + 100 }, () => []);
  const least = 256 / delays.length;
  let [longest, idle, refused] = [0, 0, 0];
  const tell = (index: number, now: number, credit: number | undefined): void => {
    const sender = senders[index] as (typeof senders)[number];
    later[now + sender.delayMs + 1]?.push(() => {
      sender.unheard -= 1;
      sender.credit = credit ?? sender.credit;
    });
  };
  const arrive = (index: number, now: number): void => {
    if (!queue.isFull(index, 1)) return queue.add(index, null, 1, now);
    if (now >= ms / 2) refused += 1;
    tell(index, now, line.refused(index, queue.countOf(index), now, least));
  };
  for (let now = 0; now < ms; now += 1) {
    for (const act of later[now] ?? []) act();
    for (const [index, sender] of senders.entries()) {
      const at = now + sender.delayMs + 1;
      for (; sender.unheard < sender.credit; sender.unheard += 1) later[at]?.push(() => arrive(index, at));
    }
    for (let left = perMs; left > 0;) {
      const next = queue.take();
      if (next === undefined) {
        if (now >= ms / 2) idle += left;
        break;
      }
      left -= 1;
      tell(next.owner, now, line.served(next.owner, next.since, now, least));
      while (queue.countOf(next.owner) > least && queue.takeOlder(next.owner, now - 5 * LAW.waitMs) !== undefined) {
        left -= 1 / 8;
        if (now >= ms / 2) refused += 1;
        tell(next.owner, now, undefined);
      }
      if (now < ms / 2) continue;
      longest = Math.max(longest, now - next.since);
      done[next.owner] = (done[next.owner] ?? 0) + 1;
    }
  }
  return { longest, idle, refused, done };
}

test.each<[string, readonly number[]]>([
  ['two', [0, 0]],
  ['forty', Array.from({ length: 40 }, () => 0)],
  ['two hundred', Array.from({ length: 200 }, () => 1)],
  ['one next door and one far away', [0, 25]],
])(
  '%s that would send without end come to wait as long as they should, are not refused, and leave no hub idle',
  (_, delays) => {
    const { longest, idle, refused, done } = simulate(delays, 50, 1_500);
    const served = 50 * 750;
    expect(longest).toBeLessThanOrEqual(2 * LAW.waitMs);
    expect(refused).toBe(0);
    expect(idle).toBeLessThanOrEqual(served * 0.02);
    expect(Math.min(...done)).toBeGreaterThan((0.7 * served) / delays.length);
  },
);
