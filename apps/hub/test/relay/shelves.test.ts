import { expect, test } from 'vitest';
import type { HubExchange } from '../../src/relay/hub-exchange.ts';
import { Shelves } from '../../src/relay/shelves.ts';

/** As much of an exchange as the shelves look at. */
function exchange(): HubExchange {
  return { value: { shelf: undefined } } as HubExchange;
}

test('finds what is on a shelf, oldest first', () => {
  const shelves = new Shelves();
  const [one, two, other] = [exchange(), exchange(), exchange()];
  shelves.put(one, 'back qc1a');
  shelves.put(two, 'back qc1a');
  shelves.put(other, 'left qc1a');
  expect(shelves.on('back qc1a')).toEqual([one, two]);
  expect(shelves.on('back qc1c')).toEqual([]);
});

test('an exchange is on one shelf at most', () => {
  const shelves = new Shelves();
  const one = exchange();
  shelves.put(one, 'type print');
  shelves.put(one, 'left qc1a');
  expect([shelves.on('type print'), shelves.on('left qc1a')]).toEqual([[], [one]]);
});

test('what is found may be taken as a sweep goes, and twice does no harm', () => {
  const shelves = new Shelves();
  for (let n = 0; n < 3; n += 1) shelves.put(exchange(), 'back qc1a');
  for (const found of shelves.on('back qc1a')) {
    shelves.take(found);
    shelves.take(found);
  }
  expect(shelves.on('back qc1a')).toEqual([]);
});

test('names the machines that left something behind, and not those that somebody waits for', () => {
  const shelves = new Shelves();
  shelves.put(exchange(), 'back qc1a');
  shelves.put(exchange(), 'left qc1b');
  shelves.put(exchange(), 'machine qc1c');
  shelves.put(exchange(), 'type print');
  expect([...shelves.absentees()]).toEqual(['qc1a', 'qc1b']);
});
