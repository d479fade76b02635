import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BodyPace } from '../src/quic/body-pace.ts';

const KIB = 1024;
const BURST = 64 * KIB;

/** Takes all that a pace gives, each millisecond. @returns bytes a millisecond */
function taken(pace: BodyPace, from: number, forMs: number, rttMs: number): number {
  let bytes = 0;
  for (let now = from; now < from + forMs; now += 1) {
    pace.refill(now, () => rttMs);
    bytes += pace.room;
    pace.spent(pace.room);
  }
  return bytes / forMs;
}

describe('the pace of bodies', () => {
  test('is a burst at first, and then nothing until it is due', () => {
    const pace = new BodyPace();
    pace.refill(1_000, () => 8);
    expect([pace.room, pace.dueAt]).toEqual([BURST, Number.POSITIVE_INFINITY]);
    pace.spent(BURST);
    expect(pace.room).toBe(0);
    const due = pace.dueAt;
    expect(due).toBeGreaterThan(1_000);
    pace.refill(due - 0.01, () => 8);
    expect(pace.room).toBe(0);
    pace.refill(due, () => 8);
    expect(pace.room).toBeGreaterThan(0);
  });

  test.each([
    ['32 KiB at its fastest', 1, 32],
    ['what a millisecond gives', 3.3, 23.5],
    ['8 KiB however slow it is', 30, 8],
  ])('gives nothing below %s', (_what, ratio, kib) => {
    const pace = new BodyPace();
    taken(pace, 1_000, 1_000, 10);
    taken(pace, 2_000, 100, 10 * ratio);
    pace.spent(pace.room);
    const due = pace.dueAt;
    pace.refill(due + 1e-6, () => 10 * ratio);
    expect(pace.room / KIB).toBeCloseTo(kib, 0);
  });

  test('falls with the square of what a round trip takes beyond the least, and rises again', () => {
    const pace = new BodyPace();
    const free = taken(pace, 1_000, 1_000, 5);
    expect(taken(pace, 2_000, 1_000, 50) / free).toBeLessThan(0.1);
    const queued = taken(pace, 3_000, 1_000, 50);
    expect(taken(pace, 4_000, 1_000, 25) / queued).toBeCloseTo(4, 0);
    expect(taken(pace, 5_000, 1_000, 5) / free).toBeCloseTo(1, 1);
  });

  test('a long way is not a queue: only the change counts', () => {
    expect(taken(new BodyPace(), 1_000, 1_000, 150)).toBeCloseTo(taken(new BodyPace(), 1_000, 1_000, 1), 0);
  });

  test('a way that has become longer for good is taken for what it is after twenty seconds', () => {
    const pace = new BodyPace();
    const free = taken(pace, 0, 1_000, 5);
    taken(pace, 1_000, 20_000, 50);
    expect(taken(pace, 21_000, 1_000, 50) / free).toBeCloseTo(1, 1);
  });

  test('the engine is asked every 4 ms at most', () => {
    const pace = new BodyPace();
    let asked = 0;
    for (let now = 0; now < 1_000; now += 0.5) pace.refill(now, () => (asked += 1));
    expect(asked).toBe(250);
  });

  test('property: never more than a burst and what has accrued since, and never stuck', () => {
    const step = fc.record({
      after: fc.double({ min: 0, max: 500, noNaN: true }),
      rttMs: fc.nat(1_000),
      share: fc.nat(100),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const pace = new BodyPace();
        let [now, spent] = [0, 0];
        for (const { after, rttMs, share } of steps) {
          now += after;
          pace.refill(now, () => rttMs);
          expect(pace.room).toBeLessThanOrEqual(BURST);
          const bytes = Math.floor((pace.room * share) / 100);
          pace.spent(bytes);
          spent += bytes;
          expect(spent).toBeLessThanOrEqual(BURST + now * 256 * KIB);
          expect(pace.room === 0).toBe(pace.dueAt < Number.POSITIVE_INFINITY);
        }
        const due = Number.isFinite(pace.dueAt) ? pace.dueAt : now;
        pace.refill(due + 1e-6, () => 1);
        expect(pace.room).toBeGreaterThan(0);
      }),
    );
  });
});
