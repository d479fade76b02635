import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

/** How often the delay is sampled, in milliseconds. */
const RESOLUTION_MS = 10;

/** Which parts of the samples are shown: the middle, the slow ones, the worst. */
const QUANTILES: readonly number[] = [0.5, 0.99, 1];

/** How late the event loop is: what a message waits while something else runs. Runs until it is closed. */
export class EventLoopDelay {
  readonly #histogram: ReturnType<typeof monitorEventLoopDelay>;

  constructor(registry: Registry) {
    const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#histogram = histogram;
    histogram.enable();
    const gauge = new Gauge({
      name: 'qconn_event_loop_delay_seconds',
      help: 'How late the event loop was since the last scrape, by quantile; 1 is the worst',
      labelNames: ['quantile'],
      registers: [],
      collect() {
        for (const quantile of QUANTILES) {
          // Node reports the time between two samples, of which the resolution is not delay.
          const milliseconds = histogram.percentile(quantile * 100) / 1e6 - RESOLUTION_MS;
          this.set({ quantile }, histogram.count === 0 ? 0 : Math.max(0, milliseconds) / 1000);
        }
        histogram.reset();
      },
    });
    registry.registerMetric(gauge);
  }

  close(): void {
    this.#histogram.disable();
  }
}
