import { expect, test } from 'vitest';
import type { HubExchange } from '../../src/relay/hub-exchange.ts';
import { WaitingRoom } from '../../src/relay/waiting-room.ts';

/** As much of an exchange as the room looks at. */
function waiting(fingerprint: string, device: string): HubExchange {
  return { value: { waitingFor: { fingerprint, device } } } as HubExchange;
}

test('finds what waits for a machine, or for one device of it', () => {
  const room = new WaitingRoom();
  const [one, two, other] = [waiting('qc1a', 'x'), waiting('qc1a', 'y'), waiting('qc1b', 'x')];
  for (const exchange of [one, two, other]) room.add(exchange, exchange.value.waitingFor?.fingerprint ?? '');
  expect(room.of('qc1a')).toEqual([one, two]);
  expect(room.of('qc1a', 'y')).toEqual([two]);
  expect(room.of('qc1c')).toEqual([]);
});

test('what is found may be removed as a sweep goes', () => {
  const room = new WaitingRoom();
  for (const device of ['x', 'y', 'z']) room.add(waiting('qc1a', device), 'qc1a');
  for (const exchange of room.of('qc1a')) room.remove(exchange);
  expect(room.of('qc1a')).toEqual([]);
});

test('removing what does not wait does nothing', () => {
  const room = new WaitingRoom();
  const one = waiting('qc1a', 'x');
  room.add(one, 'qc1a');
  room.remove(waiting('qc1a', 'x'));
  room.remove({ value: { waitingFor: undefined } } as HubExchange);
  expect(room.of('qc1a')).toEqual([one]);
});
