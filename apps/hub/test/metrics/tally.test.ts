import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { Tally } from '../../src/metrics/tally.ts';
import { sample } from './exposition.ts';

test('a tally shows its keys before they occur, and what was added each time it is looked at', async () => {
  const registry = new Registry();
  const tally = new Tally<'a' | 'b' | 'c'>(registry, { name: 'x_total', help: 'X', label: 'key', keys: ['a', 'b'] });
  tally.add('a');
  tally.add('c', 40);
  tally.add('c', 2);
  for (let scrape = 0; scrape < 2; scrape++) {
    const text = await registry.metrics();
    expect(sample(text, 'x_total{key="a"}')).toBe(1);
    expect(sample(text, 'x_total{key="b"}')).toBe(0);
    expect(sample(text, 'x_total{key="c"}')).toBe(42);
  }
});
