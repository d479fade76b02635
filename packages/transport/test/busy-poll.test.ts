import { ManualClock } from '@qconn/clock';
import { expect, test } from 'vitest';
import { BusyPoll } from '../src/quic/busy-poll.ts';
import { Lookout } from '../src/quic/lookout.ts';

const MAX_MS = 0.25;

/** Datagrams at certain distances. @returns for how long the next one would be looked for, in whole hundredths of a millisecond */
function windowAfter(...gaps: number[]): number {
  const poll = new BusyPoll(MAX_MS);
  let now = 1_000;
  poll.arrived(now);
  for (const gap of gaps) poll.arrived((now += gap));
  let hundredths = 0;
  while (poll.worthALook(now + (hundredths + 0.5) / 100)) hundredths += 1;
  return hundredths;
}

test.each([
  ['after the first datagram nothing is known', [], 0],
  ['one short gap is little', [0.2], 2],
  ['each that was too long for the window makes it longer', [0.2, 0.2, 0.2], 8],
  ['up to the most that it may be', [0.2, 0.2, 0.2, 0.2, 0.2, 0.2], 25],
  ['a gap that it has seen the end of leaves it as it is', [0.2, 0.2, 0.03, 0.01], 4],
  ['the first that is longer than it may ever be ends it', [0.2, 0.2, 0.2, 0.2, 0.26], 0],
  ['and it begins anew', [0.2, 0.2, 0.2, 0.2, 10_000, 0.1], 2],
  ['an endpoint that is idle never looks', [10, 20, 10, 20], 0],
])('%s', (_what, gaps, hundredths) => {
  expect(windowAfter(...gaps)).toBe(hundredths);
});

test('none that is not wanted', () => {
  const poll = new BusyPoll(0);
  for (const at of [0, 0.1, 0.2, 0.3]) poll.arrived(at);
  expect(poll.worthALook(0.3)).toBe(false);
});

test('the event loop goes round for as long as it is worth a look, and then sleeps', async () => {
  let asked = 0;
  class WatchedClock extends ManualClock {
    override monotonic(): number {
      asked += 1;
      return super.monotonic();
    }
  }
  const clock = new WatchedClock();
  const lookout = new Lookout(clock, MAX_MS);
  const rounds = async (): Promise<number> => {
    const before = asked;
    for (let round = 0; round < 5; round += 1) await new Promise((resolve) => setImmediate(resolve));
    return asked - before;
  };
  for (let datagram = 0; datagram < 8; datagram += 1) {
    lookout.arrived();
    clock.advance(0.2);
  }
  expect(await rounds()).toBe(5);
  clock.advance(0.1);
  expect(await rounds()).toBe(1);
  expect(await rounds()).toBe(0);
  // That was too long a gap: the next is not looked for.
  lookout.arrived();
  expect(await rounds()).toBe(0);
});
