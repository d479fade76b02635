import type { Metric, Registry } from 'prom-client';

/** Upper bounds of the buckets in seconds: from a relay on one machine to the longest jobs. */
const LATENCY_BUCKETS_S: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
];

/** Counts of one stage; the last bucket has no upper bound. */
class Latencies {
  readonly counts = new Float64Array(LATENCY_BUCKETS_S.length + 1);
  sum = 0;

  add(seconds: number): void {
    let bucket = 0;
    while (bucket < LATENCY_BUCKETS_S.length && seconds > (LATENCY_BUCKETS_S[bucket] as number)) bucket++;
    (this.counts[bucket] as number) += 1;
    this.sum += seconds;
  }
}

/** A line of a histogram as prom-client's registry writes it. */
interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/**
 * A histogram of the time from an exchange's acceptance to a later stage. prom-client's own takes several
 * allocations an observation; this one takes none.
 */
export class StageLatency<Stage extends string> {
  readonly #name: string;
  readonly #help: string;
  readonly #stages: Readonly<Record<Stage, Latencies>>;

  constructor(registry: Registry, options: { name: string; help: string; stages: readonly Stage[] }) {
    this.#name = options.name;
    this.#help = options.help;
    this.#stages = Object.fromEntries(options.stages.map((stage) => [stage, new Latencies()])) as Record<
      Stage,
      Latencies
    >;
    const metric = { name: options.name, type: 'histogram', get: () => this.#get() };
    // The registry asks for no more than this; its types name prom-client's own classes only.
    registry.registerMetric(metric as unknown as Metric);
  }

  observe(stage: Stage, milliseconds: number): void {
    this.#stages[stage].add(milliseconds / 1000);
  }

  #get(): Promise<object> {
    const stages = Object.entries(this.#stages) as [Stage, Latencies][];
    const values = stages.flatMap(([stage, latencies]) => this.#samples(stage, latencies));
    return Promise.resolve({ name: this.#name, help: this.#help, type: 'histogram', aggregator: 'sum', values });
  }

  #samples(stage: Stage, { counts, sum }: Latencies): Sample[] {
    const samples: Sample[] = [];
    let count = 0;
    for (const [bucket, added] of counts.entries()) {
      count += added;
      const labels = { stage, le: LATENCY_BUCKETS_S[bucket] ?? '+Inf' };
      samples.push({ metricName: `${this.#name}_bucket`, labels, value: count });
    }
    samples.push({ metricName: `${this.#name}_sum`, labels: { stage }, value: sum });
    samples.push({ metricName: `${this.#name}_count`, labels: { stage }, value: count });
    return samples;
  }
}
