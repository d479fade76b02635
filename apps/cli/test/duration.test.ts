import { expect, test } from 'vitest';
import { parseDuration, parseSeconds } from '../src/input/duration.ts';

test.each([
  ['500ms', 500],
  ['10s', 10_000],
  ['15m', 900_000],
  ['15min', 900_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1_500],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', '10', 's', '10 s', '-1s', '0s', '1x', '10s!', 'ten'])('%j is no duration', (text) => {
  expect(() => parseDuration(text)).toThrow('unit');
});

test('seconds are whole and at least one', () => {
  expect(parseSeconds('90s')).toBe(90);
  expect(() => parseSeconds('500ms')).toThrow('second');
});
