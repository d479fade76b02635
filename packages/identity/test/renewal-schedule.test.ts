import * as fc from 'fast-check';
import { ManualClock } from '@qconn/clock';
import { nextRenewal, renewalRetryDelay, type Renewal, type RenewalInput } from '@qconn/identity';
import { describe, expect, test } from 'vitest';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 1);

/** A certificate of 7 days without jitter: due after four days and 16 hours. */
const week: RenewalInput = { notBeforeMs: START, notAfterMs: START + 7 * DAY, nowMs: START, random01: 0.5 };
const WEEK_DUE_MS = (7 * DAY * 2) / 3;

const validity = fc.record({
  notBeforeMs: fc.constant(START),
  lifetimeMs: fc.integer({ min: 2 * MINUTE, max: 45 * DAY }),
  random01: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

describe('a certificate', () => {
  test('is due at two thirds of its lifetime, give or take a fifteenth', () => {
    fc.assert(
      fc.property(validity, ({ notBeforeMs, lifetimeMs, random01 }) => {
        const { atMs } = nextRenewal({
          notBeforeMs,
          notAfterMs: notBeforeMs + lifetimeMs,
          nowMs: notBeforeMs,
          random01,
        });
        const share = (atMs - notBeforeMs) / lifetimeMs;
        expect(share).toBeGreaterThanOrEqual(2 / 3 - 1 / 15 - 1e-9);
        expect(share).toBeLessThan(2 / 3 + 1 / 15 + 1e-9);
      }),
    );
  });

  test('is waiting, then due, then expired, and the time at which it is due does not move meanwhile', () => {
    fc.assert(
      fc.property(
        validity,
        fc.double({ min: 0, max: 1.2, noNaN: true }),
        ({ notBeforeMs, lifetimeMs, random01 }, share) => {
          const notAfterMs = notBeforeMs + lifetimeMs;
          const nowMs = notBeforeMs + share * lifetimeMs;
          const { atMs } = nextRenewal({ notBeforeMs, notAfterMs, nowMs: notBeforeMs, random01 });
          const renewal = nextRenewal({ notBeforeMs, notAfterMs, nowMs, random01 });
          expect(renewal.atMs).toBe(atMs);
          expect(renewal.state).toBe(nowMs >= notAfterMs ? 'expired' : nowMs >= atMs ? 'due' : 'waiting');
          expect(renewal.waitMs === 0).toBe(renewal.state !== 'waiting');
          expect(renewal.waitMs).toBeLessThanOrEqual(MINUTE);
        },
      ),
    );
  });

  test('of one minute, issued a minute back for skew, is renewed before it ends and not the moment it comes', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random01) => {
        const nowMs = START + MINUTE;
        const { state, atMs } = nextRenewal({
          notBeforeMs: START,
          notAfterMs: START + 2 * MINUTE,
          nowMs,
          random01,
          heldMs: 0,
        });
        expect(state).toBe('waiting');
        expect(atMs - nowMs).toBeGreaterThan(10_000);
        expect(atMs - nowMs).toBeLessThan(30_000);
      }),
    );
  });
});

describe('a clock', () => {
  test('that jumps ahead makes it due', () => {
    expect(nextRenewal({ ...week, nowMs: START + WEEK_DUE_MS - 1, heldMs: HOUR }).state).toBe('waiting');
    expect(nextRenewal({ ...week, nowMs: START + WEEK_DUE_MS, heldMs: HOUR }).state).toBe('due');
    expect(nextRenewal({ ...week, nowMs: START + 8 * DAY, heldMs: HOUR }).state).toBe('expired');
  });

  test('that is set back a year does not delay it beyond its share of the lifetime', () => {
    const nowMs = START - 365 * DAY;
    expect(nextRenewal({ ...week, nowMs, heldMs: WEEK_DUE_MS - 1 }).state).toBe('waiting');
    expect(nextRenewal({ ...week, nowMs, heldMs: WEEK_DUE_MS })).toMatchObject({ state: 'due', waitMs: 0 });
  });

  test('that slept through it finds it due within a minute of waking', () => {
    const clock = new ManualClock(START);
    let renewal: Renewal | undefined;
    const look = (): void => {
      renewal = nextRenewal({ ...week, nowMs: clock.now() });
      if (renewal.state === 'waiting') clock.setTimer(renewal.waitMs, look);
    };
    look();
    clock.advance(HOUR);
    // Asleep for five days: the wall clock goes on, timers stand still.
    clock.jump(5 * DAY);
    clock.advance(MINUTE);
    expect(renewal?.state).toBe('due');
  });

  test('that is ahead, so that every new certificate looks expired, does not lead to a tight loop', () => {
    expect(nextRenewal({ ...week, nowMs: START + 30 * DAY, heldMs: 0 })).toMatchObject({
      state: 'expired',
      waitMs: MINUTE,
    });
    expect(nextRenewal({ ...week, nowMs: START + 30 * DAY, heldMs: MINUTE })).toMatchObject({
      state: 'expired',
      waitMs: 0,
    });
    // One loaded from disk is tried at once.
    expect(nextRenewal({ ...week, nowMs: START + 30 * DAY })).toMatchObject({ state: 'expired', waitMs: 0 });
  });
});

test('a certificate without a lifetime is expired, not an exception', () => {
  for (const notAfterMs of [START, START - DAY]) {
    expect(nextRenewal({ notBeforeMs: START, notAfterMs, nowMs: START, random01: 0 })).toMatchObject({
      state: 'expired',
      waitMs: 0,
    });
  }
});

test('a failed renewal is tried again with growing waits that leave room for more tries', () => {
  const input = fc.record({
    attempt: fc.integer({ min: 1, max: 200 }),
    leftMs: fc.integer({ min: -DAY, max: 45 * DAY }),
    random01: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });
  fc.assert(
    fc.property(input, ({ attempt, leftMs, random01 }) => {
      const delay = renewalRetryDelay({ attempt, notAfterMs: START + leftMs, nowMs: START, random01 });
      expect(delay).toBeGreaterThanOrEqual(1_000);
      expect(delay).toBeLessThanOrEqual(HOUR);
      if (leftMs > 8_000) expect(delay).toBeLessThanOrEqual(leftMs / 8);
    }),
  );
});
