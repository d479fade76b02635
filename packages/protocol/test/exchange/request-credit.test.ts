import { RequestCredit } from '@qconn/protocol';
import { expect, test } from 'vitest';

function sent(count: number): RequestCredit {
  const credit = new RequestCredit();
  for (let n = 0; n < count; n += 1) credit.sent();
  return credit;
}

test('without a word from the hub as many may be sent as may be in flight', () => {
  const credit = sent(1_023);
  expect(credit.allows(0)).toBe(true);
  credit.sent();
  expect([credit.allows(0), credit.allows(1e12), credit.unheard]).toEqual([false, false, 1_024]);
  credit.heard();
  expect(credit.allows(0)).toBe(true);
});

test('a credit holds for its time, and the next one in its place', () => {
  const credit = sent(10);
  credit.granted({ requests: 10, forMs: 100 }, 1_000);
  expect([credit.allows(1_000), credit.allows(1_099)]).toEqual([false, false]);
  credit.granted({ requests: 9, forMs: 200 }, 1_050);
  expect([credit.allows(1_150), credit.allows(1_249), credit.allows(1_250)]).toEqual([false, false, true]);
  // Over once, over for good.
  expect(credit.allows(1_000)).toBe(true);
  credit.granted({ requests: 11, forMs: 100 }, 2_000);
  expect(credit.allows(2_000)).toBe(true);
  credit.sent();
  expect(credit.allows(2_000)).toBe(false);
});
