import { expect, test } from 'vitest';
import { SourceLimits } from '../../src/http/source-limits.ts';

test('a burst passes, then the rate; each source has its own', () => {
  const limits = new SourceLimits({ perSecond: 10, burst: 20 });
  const passed = (source: string, now: number): number => {
    let count = 0;
    while (limits.admit(source, now).waitMs === 0) count += 1;
    return count;
  };
  expect(passed('a', 0)).toBe(20);
  expect(limits.admit('a', 0).waitMs).toBe(100);
  expect(passed('a', 1_000)).toBe(10);
  expect(passed('b', 1_000)).toBe(20);
});

test('a source that is refused is told of at once, then once a minute with the number of refusals', () => {
  const limits = new SourceLimits({ perSecond: 1, burst: 1 });
  limits.admit('a', 0);
  expect(limits.admit('a', 1)).toMatchObject({ tell: 1 });
  for (let now = 2; now < 500; now++) expect(limits.admit('a', now).tell).toBeUndefined();
  limits.admit('a', 60_000);
  expect(limits.admit('a', 60_002)).toMatchObject({ tell: 499 });
});

test('the memory is bounded, and crowding out one’s own record buys nothing', () => {
  const limits = new SourceLimits({ perSecond: 1, burst: 2 }, { max: 100 });
  let passed = 0;
  for (let round = 0; round < 3; round++)
    for (let i = 0; i < 1_000; i++) if (limits.admit(`${i}`, round).waitMs === 0) passed += 1;
  expect(limits.size).toBe(100);
  // A hundred sources with a burst of two each, and two for all the others together.
  expect(passed).toBe(202);
});

test('whoever was quiet longest makes room once it is owed nothing', () => {
  const limits = new SourceLimits({ perSecond: 1, burst: 1 }, { max: 2 });
  limits.admit('a', 0);
  limits.admit('b', 0);
  limits.admit('a', 1_000);
  expect(limits.admit('c', 1_500).waitMs).toBe(0);
  expect(limits.size).toBe(2);
  // `b` has gone; `a` is remembered.
  expect(limits.admit('a', 1_500).waitMs).toBe(500);
});
