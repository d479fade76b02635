import { Quotas, TokenBucket } from '@qconn/routing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const rates = { messages: { perSecond: 10, burst: 5 }, bytes: { perSecond: 1_000, burst: 2_000 } };

test('lets a burst pass, then says how long to wait', () => {
  const quotas = new Quotas(rates);
  for (let count = 0; count < 5; count += 1) expect(quotas.admit('a', 10, 0)).toBe(0);
  expect(quotas.admit('a', 10, 0)).toBe(100);
  expect(quotas.admit('a', 10, 99)).toBe(1);
  expect(quotas.admit('a', 10, 100)).toBe(0);
});

test('limits bytes as well, and takes nothing for what it refuses', () => {
  const quotas = new Quotas(rates);
  expect(quotas.admit('a', 2_000, 0)).toBe(0);
  expect(quotas.admit('a', 500, 0)).toBe(500);
  expect(quotas.admit('a', 500, 0)).toBe(500);
  expect(quotas.admit('a', 500, 500)).toBe(0);
});

test('keeps machines apart', () => {
  const quotas = new Quotas(rates);
  for (let count = 0; count < 6; count += 1) quotas.admit('a', 0, 0);
  expect(quotas.admit('b', 0, 0)).toBe(0);
});

test('lets something larger than the burst pass when nothing else is owed, and then holds back longer', () => {
  const quotas = new Quotas(rates);
  expect(quotas.admit('a', 10_000, 0)).toBe(0);
  expect(quotas.admit('a', 1, 0)).toBe(8_001);
});

test('forgets quiet machines only when they are owed nothing', () => {
  const quotas = new Quotas(rates);
  quotas.admit('a', 1_000, 0);
  quotas.sweep(500);
  expect(quotas.size).toBe(1);
  quotas.sweep(1_000);
  expect(quotas.size).toBe(0);
});

test('never lets more pass than burst and rate allow, and always lets pass after the wait that it named', () => {
  const offers = fc.array(fc.tuple(fc.integer({ min: 1, max: 8 }), fc.nat({ max: 2_000 })), { maxLength: 80 });
  fc.assert(
    fc.property(offers, fc.integer({ min: 1, max: 50 }), (steps, perSecond) => {
      const bucket = new TokenBucket({ perSecond, burst: 8 });
      let now = 0;
      let passed = 0;
      for (const [amount, pause] of steps) {
        now += pause;
        const wait = bucket.waitMs(amount, now);
        if (wait > 0) {
          expect(bucket.waitMs(amount, now + wait - 1)).toBe(1);
          now += wait;
          expect(bucket.waitMs(amount, now)).toBe(0);
        }
        bucket.take(amount, now);
        passed += amount;
        expect(passed).toBeLessThanOrEqual(8 + (now * perSecond) / 1_000 + 0.001);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('gives nothing away when a clock goes back', () => {
  const bucket = new TokenBucket({ perSecond: 1, burst: 1 });
  bucket.take(1, 10_000);
  expect(bucket.waitMs(1, 9_500)).toBe(1_500);
  expect(bucket.waitMs(1, 11_000)).toBe(0);
});

test('other rates are in force for the next message, and begin anew', () => {
  const quotas = new Quotas({ messages: { perSecond: 1, burst: 1 }, bytes: { perSecond: 1e6, burst: 1e6 } });
  expect(quotas.admit('a', 1, 0)).toBe(0);
  expect(quotas.admit('a', 1, 0)).toBe(1_000);
  quotas.setRates({ messages: { perSecond: 10, burst: 2 }, bytes: { perSecond: 1e6, burst: 1e6 } });
  expect([quotas.admit('a', 1, 0), quotas.admit('a', 1, 0), quotas.admit('a', 1, 0)]).toEqual([0, 0, 100]);
});
