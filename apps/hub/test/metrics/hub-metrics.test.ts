import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ManualClock } from '@qconn/clock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HubMetrics } from '../../src/metrics/hub-metrics.ts';
import { metricsIn, sample } from './exposition.ts';

const DOCUMENT = readFileSync(new URL('../../../../docs/operations.md', import.meta.url), 'utf8');

/** Rows of the table of metrics in docs/operations.md. */
const DOCUMENTED = new Map(
  [...DOCUMENT.matchAll(/^\| `(qconn_\w+)` \| (\w+) \| (.*?) \| (.*) \|$/gm)].map(
    ([, name = '', type = '', labels = '', help = '']) => [
      name,
      { type, help, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label).toSorted() },
    ],
  ),
);

let clock: ManualClock;
let metrics: HubMetrics;

beforeEach(() => {
  clock = new ManualClock();
  metrics = new HubMetrics(clock);
  metrics.show({
    sessions: [
      { auth: { status: 'pending' }, bufferedBytes: 0 },
      { auth: { status: 'authorized' }, bufferedBytes: 40_000 },
      { auth: { status: 'pending' }, bufferedBytes: 2_000 },
    ],
    relay: { size: 3 },
    intake: { size: 0 },
    store: { connections: { busy: 2, idle: 1, waiting: 5 } },
    watches: { size: 4 },
    policy: {
      current: { generation: 17 },
      freshness: { comparedAt: clock.monotonic(), reachable: false, stale: false },
    },
    certificate: { notAfterMs: 1_800_000_000_000 },
    housekeeping: { atRisk: { expiresSoon: 2, lapsesSoon: 1 } },
    authority: { issuing: { issuingNotAfterMs: 1_900_000_000_000, rootNotAfterMs: 2_000_000_000_000 } },
  });
  metrics.http.answered('GET', '/readyz', 200);
});

afterEach(() => metrics.close());

test('docs/operations.md lists every metric with its type, its labels and its meaning', async () => {
  const shown = metricsIn(await metrics.text());
  expect(Object.fromEntries(DOCUMENTED)).toEqual(Object.fromEntries(shown));
});

test('names carry the prefix, and their unit as Prometheus has it', async () => {
  for (const [name, { type }] of metricsIn(await metrics.text())) {
    expect(name).toMatch(/^qconn_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(name).not.toMatch(/_(ms|milliseconds|kb)\b/);
  }
});

describe('the state of the hub is read at each scrape', () => {
  test('sessions, exchanges, policy, certificates', async () => {
    clock.advance(12_500);
    const text = await metrics.text();
    expect(sample(text, 'qconn_sessions{status="pending"}')).toBe(2);
    expect(sample(text, 'qconn_sessions{status="authorized"}')).toBe(1);
    expect(sample(text, 'qconn_exchanges_in_flight')).toBe(3);
    expect(sample(text, 'qconn_send_queue_bytes')).toBe(42_000);
    expect(sample(text, 'qconn_certificate_expiry_timestamp_seconds{certificate="hub"}')).toBe(1_800_000_000);
    expect(sample(text, 'qconn_certificate_expiry_timestamp_seconds{certificate="issuing"}')).toBe(1_900_000_000);
    expect(sample(text, 'qconn_policy_generation')).toBe(17);
    expect(sample(text, 'qconn_policy_age_seconds')).toBe(12.5);
    expect(sample(text, 'qconn_policy_stale')).toBe(0);
    expect(sample(text, 'qconn_database_connections{state="waiting"}')).toBe(5);
    expect(sample(text, 'qconn_watches')).toBe(4);
    expect(sample(text, 'qconn_database_up')).toBe(0);
  });

  test('the delay of an event loop that was held up', async () => {
    // Samples as the hub's own sampler does, and so tells when that one has sampled.
    const witness = monitorEventLoopDelay({ resolution: 10 });
    witness.enable();
    await expect.poll(() => witness.count, { interval: 5 }).toBeGreaterThan(0);
    const end = performance.now() + 120;
    while (performance.now() < end);
    await expect.poll(() => witness.max, { interval: 5 }).toBeGreaterThan(110e6);
    witness.disable();
    const text = await metrics.text();
    expect(sample(text, 'qconn_event_loop_delay_seconds{quantile="1"}')).toBeGreaterThan(0.1);
  });
});

test('two hubs in one process count each for itself', async () => {
  const other = new HubMetrics(clock);
  other.exchanges.refused('quota');
  other.close();
  expect(sample(await metrics.text(), 'qconn_exchanges_total{outcome="quota"}')).toBe(0);
});
