import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LaneIds, laneOf } from '@qconn/protocol';

test('what is drawn in one turn shares a lane, and the next turn has the next lane', () => {
  const ids = new LaneIds(4);
  const lanesOfTurn = (): number[] => Array.from({ length: 3 }, () => laneOf(ids.next(), 4));
  const turns = Array.from({ length: 5 }, () => {
    ids.nextLane();
    return lanesOfTurn();
  });
  expect(turns).toEqual([1, 2, 3, 0, 1].map((lane) => [lane, lane, lane]));
});

test('numbers only rise, whatever comes between them, and what was reserved stays free', () => {
  const step = fc.oneof(fc.constant('next' as const), fc.constant('lane' as const), fc.integer({ min: 1, max: 100 }));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 16 }), fc.array(step, { maxLength: 50 }), (lanes, steps) => {
      const ids = new LaneIds(lanes);
      let free = 1;
      for (const what of steps) {
        if (what === 'lane') ids.nextLane();
        else {
          const id = ids.next();
          expect(id).toBeGreaterThanOrEqual(free);
          free = id + 1;
          if (what === 'next') continue;
          ids.reserve(what);
          free += what;
        }
      }
    }),
  );
});
