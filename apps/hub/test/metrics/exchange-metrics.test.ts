import { ManualClock } from '@qconn/clock';
import { Registry } from 'prom-client';
import { beforeEach, expect, test } from 'vitest';
import { ExchangeMetrics } from '../../src/metrics/exchange-metrics.ts';
import type { HubExchange } from '../../src/relay/hub-exchange.ts';
import { sample } from './exposition.ts';

let clock: ManualClock;
let registry: Registry;
let metrics: ExchangeMetrics;

beforeEach(() => {
  clock = new ManualClock();
  registry = new Registry();
  metrics = new ExchangeMetrics(registry, clock);
});

/** An exchange that is accepted now, and forwarded 1 ms before it is acknowledged. @param acknowledgedAfter milliseconds; undefined: it was neither */
function exchange(acknowledgedAfter?: number, inquiry = false): HubExchange {
  const acceptedMonotonic = clock.monotonic();
  const acknowledgedMonotonic = acknowledgedAfter === undefined ? undefined : acceptedMonotonic + acknowledgedAfter;
  const forwardedMonotonic = acknowledgedMonotonic === undefined ? undefined : acknowledgedMonotonic - 1;
  return { value: { inquiry, acceptedMonotonic, forwardedMonotonic, acknowledgedMonotonic } } as HubExchange;
}

test('a completed exchange counts with the time to each stage', async () => {
  const completed = exchange(4);
  clock.advance(250);
  metrics.ended(completed, 'completed');
  const text = await registry.metrics();
  expect(sample(text, 'qconn_exchanges_total{outcome="completed"}')).toBe(1);
  expect(sample(text, 'qconn_exchange_stage_seconds_sum{stage="forwarded"}')).toBeCloseTo(0.003);
  expect(sample(text, 'qconn_exchange_stage_seconds_sum{stage="acknowledged"}')).toBeCloseTo(0.004);
  expect(sample(text, 'qconn_exchange_stage_seconds_sum{stage="completed"}')).toBeCloseTo(0.25);
});

test('a failed one counts with the stages that it reached', async () => {
  metrics.ended(exchange(4), 'target_lost');
  metrics.ended(exchange(), 'offline');
  const text = await registry.metrics();
  expect(sample(text, 'qconn_exchanges_total{outcome="target_lost"}')).toBe(1);
  expect(sample(text, 'qconn_exchanges_total{outcome="offline"}')).toBe(1);
  expect(sample(text, 'qconn_exchange_stage_seconds_count{stage="acknowledged"}')).toBe(1);
  expect(sample(text, 'qconn_exchange_stage_seconds_count{stage="forwarded"}')).toBe(1);
  expect(sample(text, 'qconn_exchange_stage_seconds_count{stage="completed"}')).toBe(0);
});

test('an inquiry that is answered counts as completed, whatever became of the job', async () => {
  metrics.ended(exchange(4, true), 'handler_failed');
  metrics.ended(exchange(4, true), 'result_unknown');
  metrics.ended(exchange(undefined, true), 'offline');
  metrics.ended(exchange(4), 'handler_failed');
  const text = await registry.metrics();
  for (const [outcome, count] of Object.entries({ completed: 2, offline: 1, handler_failed: 1, result_unknown: 0 }))
    expect(sample(text, `qconn_exchanges_total{outcome="${outcome}"}`), outcome).toBe(count);
  expect(sample(text, 'qconn_exchange_stage_seconds_count{stage="completed"}')).toBe(2);
});

test('a request that never became an exchange counts by what it was refused with', async () => {
  metrics.refused('quota');
  expect(sample(await registry.metrics(), 'qconn_exchanges_total{outcome="quota"}')).toBe(1);
});
