import { expect, test } from 'vitest';
import { relativeTime } from '../src/output/relative-time.ts';

const NOW = Date.parse('2026-05-01T12:00:00.000Z');

test.each([
  [0, 'now'],
  [-30_000, '30 s ago'],
  [3 * 60_000, 'in 3 min'],
  [24 * 3_600_000 - 5, 'in 24 h'],
  [7 * 86_400_000 - 30_000, 'in 7 d'],
  [-3 * 86_400_000, '3 d ago'],
  [90 * 86_400_000, '2026-07-30'],
])('%d ms from now: %s', (distance, text) => {
  expect(relativeTime(new Date(NOW + distance).toISOString(), NOW)).toBe(text);
});

test('a time that has not come is a dash', () => {
  expect(relativeTime(null, NOW)).toBe('–');
});
