import { Counter, type Registry } from 'prom-client';

/** What a tally counts. */
export interface TallyOptions<Key extends string> {
  readonly name: string;
  readonly help: string;
  /** The one label that tells the counts apart. */
  readonly label: string;
  /** Values of the label that are shown before they occur, so that a rate over them has a beginning. */
  readonly keys: readonly Key[];
}

/**
 * A counter with one label. Adding is a look-up and an addition: prom-client's own counters build and hash
 * a label set each time, which is too much for every exchange. A scrape copies the counts into the metric.
 */
export class Tally<Key extends string> {
  readonly #counts = new Map<Key, { value: number }>();

  constructor(registry: Registry, { name, help, label, keys }: TallyOptions<Key>) {
    for (const key of keys) this.#counts.set(key, { value: 0 });
    const counts = this.#counts;
    registry.registerMetric(
      new Counter({
        name,
        help,
        labelNames: [label],
        registers: [],
        collect() {
          this.reset();
          for (const [key, { value }] of counts) this.inc({ [label]: key }, value);
        },
      }),
    );
  }

  add(key: Key, by = 1): void {
    const count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, { value: by });
    else count.value += by;
  }
}
