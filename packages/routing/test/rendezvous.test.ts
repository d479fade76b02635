import fc from 'fast-check';
import { expect, test } from 'vitest';
import { favourite, hashOf } from '@qconn/routing';

interface Candidate {
  readonly id: string;
  readonly hash: number;
}

function candidates(count: number): Candidate[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `qc1machine${n}/zebra`,
    hash: hashOf(`qc1machine${n}/zebra`),
  }));
}

const KEYS = Array.from({ length: 2_000 }, (_, n) => `order-${n}`);
const yes = (): boolean => true;

function placesOf(among: readonly Candidate[]): Map<string, string | undefined> {
  return new Map(KEYS.map((key) => [key, favourite(among, key, yes)?.id]));
}

test('the order in which candidates come does not matter', () => {
  const all = candidates(12);
  expect(placesOf(all.toReversed())).toEqual(placesOf(all));
});

test('when a candidate goes, only its own keys move', () => {
  const all = candidates(10);
  const before = placesOf(all);
  const gone = all[3]?.id;
  for (const [key, place] of placesOf(all.filter(({ id }) => id !== gone)))
    if (before.get(key) !== gone) expect(place).toBe(before.get(key));
});

test('when a candidate comes, keys move to it alone', () => {
  const [newcomer, ...others] = candidates(11);
  const before = placesOf(others);
  for (const [key, place] of placesOf([...others, newcomer as Candidate]))
    if (place !== before.get(key)) expect(place).toBe(newcomer?.id);
});

test('keys are spread evenly', () => {
  const counts = new Map<string | undefined, number>();
  for (const place of placesOf(candidates(10)).values()) counts.set(place, (counts.get(place) ?? 0) + 1);
  // 200 expected each, with a standard deviation of 13.
  for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThan(70);
  expect(counts.size).toBe(10);
});

test('who is not acceptable is passed over for the next of the ranking', () => {
  fc.assert(
    fc.property(fc.string(), fc.subarray(candidates(8), { minLength: 1 }), (key, allowed) => {
      const found = favourite(candidates(8), key, ({ id }) => allowed.some((one) => one.id === id));
      expect(found?.id).toBe(favourite(allowed, key, yes)?.id);
    }),
  );
});

test('nobody is chosen from nobody', () => {
  expect(favourite([], 'key', yes)).toBeUndefined();
});
