import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { StageLatency } from '../../src/metrics/stage-latency.ts';
import { sample } from './exposition.ts';

async function shown(...milliseconds: readonly number[]): Promise<string> {
  const registry = new Registry();
  const latency = new StageLatency(registry, { name: 'x_seconds', help: 'X', stages: ['done', 'never'] });
  for (const value of milliseconds) latency.observe('done', value);
  return registry.metrics();
}

test.each([
  ['nothing', 0, '0.0005'],
  ['a bound itself', 1, '0.001'],
  ['just above a bound', 1.0001, '0.0025'],
  ['the last bound', 300_000, '300'],
  ['more than every bound', 300_001, '+Inf'],
])('%s falls into the bucket that begins below it', async (_what, milliseconds, bucket) => {
  const text = await shown(milliseconds);
  const bounds = [...text.matchAll(/stage="done",le="([^"]+)"\} (\d+)/g)];
  expect(bounds.find(([, , count]) => count === '1')?.[1]).toBe(bucket);
});

test('buckets count what is below them too, and sum and count are of everything', async () => {
  const text = await shown(1, 20, 20, 400_000);
  expect(sample(text, 'x_seconds_bucket{stage="done",le="0.025"}')).toBe(3);
  expect(sample(text, 'x_seconds_bucket{stage="done",le="300"}')).toBe(3);
  expect(sample(text, 'x_seconds_bucket{stage="done",le="+Inf"}')).toBe(4);
  expect(sample(text, 'x_seconds_sum{stage="done"}')).toBeCloseTo(400.041);
  expect(sample(text, 'x_seconds_count{stage="done"}')).toBe(4);
  expect(sample(text, 'x_seconds_count{stage="never"}')).toBe(0);
});
