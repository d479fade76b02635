import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffDelay } from '@qconn/clock';

test('the longest wait doubles with each attempt up to the cap', () => {
  const longest = (attempt: number): number =>
    backoffDelay({ attempt, baseMs: 250, capMs: 30_000, random01: 0.999_999 }) + 1;
  expect([1, 2, 3, 7, 8, 9, 2_000].map(longest)).toEqual([250, 500, 1_000, 16_000, 30_000, 30_000, 30_000]);
});

test('every wait lies between nothing and the ceiling', () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, random01) => {
      const delay = backoffDelay({ attempt, baseMs: 250, capMs: 30_000, random01 });
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThan(30_000);
    }),
  );
});
