import { IdMap } from '@qconn/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';

/** Few, so that they meet again; neighbours, so that they collide; and both ends of the range. */
const id = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 1, max: 40 }).map((n) => n * 2 ** 32),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1, 2 ** 31, 2 ** 32 - 1),
);

test('it holds what a Map holds, whatever comes and goes', () => {
  const step = fc.record({ id, does: fc.constantFrom('set', 'set', 'delete') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const map = new IdMap<number>();
      const model = new Map<number, number>();
      for (const [index, { id: which, does }] of steps.entries()) {
        if (does === 'delete') expect(map.delete(which)).toBe(model.delete(which));
        else {
          map.set(which, index);
          model.set(which, index);
        }
        expect(map.size).toBe(model.size);
        expect([map.get(which), map.has(which)]).toEqual([model.get(which), model.has(which)]);
      }
      for (const { id: which } of steps) expect(map.get(which)).toBe(model.get(which));
      expect(new Set(map.values())).toEqual(new Set(model.values()));
    }),
  );
});

test('a window of ids that moves on takes no more room, and one that has been emptied gives it back', () => {
  const map = new IdMap<number>();
  for (let n = 1; n <= 20_000; n += 1) {
    map.set(n, n);
    if (n > 1_000) map.delete(n - 1_000);
  }
  expect([map.size, map.get(19_001), map.get(19_000)]).toEqual([1_000, 19_001, undefined]);
  for (const n of map.values()) map.delete(n);
  expect([map.size, map.values()]).toEqual([0, []]);
});
