import { expect, test } from 'vitest';
import { ManualClock } from '@qconn/clock';
import { FULL_BYTES, GROUP_MESSAGES } from '../src/quic/gathering.ts';
import type { StreamSet } from '../src/quic/stream-set.ts';
import { Liveness } from '../src/quic/liveness.ts';
import { connectionLimits } from '../src/quic/options.ts';
import { Turn, type TurnTaker } from '../src/quic/turn.ts';
import { datagramsOf, nativePair, streamsOn } from './native-pair.ts';
import { createHubAndMachine } from './pki.ts';

/** Notes what it does. @param advance what reading comes to */
function taker(name: string, log: string[], advance?: () => void): TurnTaker {
  return {
    awake: false,
    patient: false,
    advance: () => {
      log.push(`${name} reads`);
      advance?.();
    },
    flush: () => void log.push(`${name} sends`),
    settle: () => void log.push(`${name} settles`),
  };
}

const nextIteration = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what a reader writes to another connection leaves in the same turn, before anything that can wait', async () => {
  const log: string[] = [];
  const turn = new Turn(new ManualClock());
  const second = taker('second', log);
  turn.wake(taker('first', log, () => turn.wake(second)));
  expect(log).toEqual([]);
  await nextIteration();
  expect(log).toEqual([
    'first reads',
    'second reads',
    'first sends',
    'second sends',
    'first settles',
    'second settles',
  ]);
});

test('those who can wait have their turns one after another, between those of others', async () => {
  const log: string[] = [];
  const turn = new Turn(new ManualClock());
  const patient = Array.from({ length: 40 }, (_, index) => taker(`patient ${index}`, log));
  const served = (): string[] => log.splice(0).filter((line) => line.endsWith('sends'));
  for (const one of patient) turn.wakePatiently(one);
  turn.wakePatiently(patient[0]!);
  turn.wake(taker('one', log));
  await nextIteration();
  expect(served()).toEqual(['one sends', ...patient.slice(0, 16).map((_, index) => `patient ${index} sends`)]);
  // Who is woken for another reason waits no longer, and has not another turn for having waited.
  turn.wake(patient[39]!);
  await nextIteration();
  expect(served()).toEqual([
    'patient 39 sends',
    ...patient.slice(16, 32).map((_, index) => `patient ${index + 16} sends`),
  ]);
  await nextIteration();
  expect(served()).toEqual(patient.slice(32, 39).map((_, index) => `patient ${index + 32} sends`));
  await nextIteration();
  expect(log).toEqual([]);
});

test('while more datagrams wait than the system hands over at once, fewer of those who can wait have their turn', async () => {
  const log: string[] = [];
  const turn = new Turn(new ManualClock());
  for (let index = 0; index < 32; index += 1) {
    turn.wakePatiently(taker(`patient ${index}`, log));
    turn.arrived(1_000);
  }
  await nextIteration();
  expect(log.filter((line) => line.endsWith('sends'))).toHaveLength(4);
});

test('a datagram that comes alone has its turn at once, after an iteration without a burst', async () => {
  const log: string[] = [];
  const turn = new Turn(new ManualClock());
  const one = taker('one', log);
  const datagram = (): number => {
    turn.wake(one);
    turn.arrived(1_000);
    return log.splice(0).length;
  };
  expect([datagram(), datagram()]).toEqual([0, 0]);
  await nextIteration();
  expect(log.splice(0)).toHaveLength(3);
  // There were two: the next waits for its neighbours, and comes alone.
  expect(datagram()).toBe(0);
  await nextIteration();
  expect(log.splice(0)).toHaveLength(3);
  expect([datagram(), datagram()]).toEqual([3, 0]);
  await nextIteration();
  expect(log).toHaveLength(3);
});

test('a turn knows that it is for a short datagram that came alone', async () => {
  const seen: boolean[] = [];
  const turn: Turn = new Turn(new ManualClock());
  const one = taker('one', [], () => seen.push(turn.alone));
  const datagram = (bytes: number): void => {
    turn.wake(one);
    turn.arrived(bytes);
  };
  const came = async (...datagrams: number[]): Promise<boolean[]> => {
    datagrams.forEach(datagram);
    expect(turn.alone).toBe(false);
    await nextIteration();
    return seen.splice(0);
  };
  // The first has its turn at the end of the iteration: nothing is known yet of how they come.
  expect(await came(300)).toEqual([false]);
  expect(await came(300)).toEqual([true]);
  expect(await came(8_000)).toEqual([false]);
  expect(await came(300, 300)).toEqual([true, false]);
  expect(await came(300)).toEqual([false]);
});

test('when everything has been read and answered, who asked for it has its say; and another turn, if it wants one', async () => {
  const log: string[] = [];
  let left = 2;
  const one = taker('one', log);
  const written = taker('written', log);
  const turn: Turn = new Turn(new ManualClock(), () => {
    log.push('all');
    turn.wake(written);
    // Also one that has had its turn already: there may be something to read again.
    if (left === 2) turn.wake(one);
    return --left > 0;
  });
  turn.wake(one);
  await nextIteration();
  expect(log.splice(0)).toEqual([
    'one reads',
    'one sends',
    'all',
    'written reads',
    'one reads',
    'written sends',
    'one sends',
    'one settles',
    'written settles',
    'one settles',
  ]);
  await nextIteration();
  expect(log.splice(0)).toEqual(['all', 'written reads', 'written sends', 'written settles']);
  await nextIteration();
  expect(log).toEqual([]);
});

test('a turn has rested when nothing was done for a while before it', async () => {
  const clock = new ManualClock();
  const turn = new Turn(clock);
  const rested: boolean[] = [];
  const looks = (): TurnTaker => taker('one', [], () => void rested.push(turn.rested));
  const after = async (ms: number): Promise<void> => {
    clock.advance(ms);
    turn.wake(looks());
    await nextIteration();
  };
  await after(0);
  await after(0.1);
  await after(0.3);
  await after(0);
  expect(rested).toEqual([true, false, true, false]);
});

test('small writes are sent early once there are enough for a packet; large ones wait for the end of the turn', async () => {
  const { hub, machine } = await createHubAndMachine();
  const { client } = nativePair(hub, machine);
  let early = 0;
  const streams: StreamSet = streamsOn(client, 'client', {
    sendEarly: () => {
      early += 1;
      streams.pump();
    },
  });
  const stream = streams.open();
  const gather = (bytes: number): void => {
    for (let written = 0; written < bytes; written += 250) stream.write(new Uint8Array(250));
  };
  gather(GROUP_MESSAGES * 250);
  expect(early).toBe(1);
  gather(FULL_BYTES);
  expect(early).toBe(2);
  stream.write(new Uint8Array(64 * 1024));
  expect(early).toBe(2);
  // What was begun in one turn is not in the way of the next.
  streams.pump();
  streams.turnEnded();
  gather((GROUP_MESSAGES - 1) * 250);
  expect(early).toBe(2);
  gather(250);
  expect(early).toBe(3);
});

test('what the engine makes of a keepalive is told by its length, and the shortest message of a stream is not taken for one', async () => {
  const { hub, machine } = await createHubAndMachine();
  const { client } = nativePair(hub, machine);
  const isSignOfLife = (bytes: number): boolean =>
    new Liveness('server', connectionLimits({}), 0).received(bytes, 0, false);
  client.native.sendAckEliciting();
  expect(datagramsOf(client).map(({ length }) => isSignOfLife(length))).toEqual([true]);
  client.native.streamSend(0, new Uint8Array(8), false);
  expect(datagramsOf(client).map(({ length }) => isSignOfLife(length))).toEqual([false]);
});
