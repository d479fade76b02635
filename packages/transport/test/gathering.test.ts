import { expect, test } from 'vitest';
import { FULL_BYTES, Gathering, GROUP_MESSAGES, PACKET_BYTES } from '../src/quic/gathering.ts';

interface Written {
  readonly messages: number;
  readonly bytes: number;
  readonly streams?: number;
  readonly rested?: boolean;
  readonly alone?: boolean;
}

/** Writes so many messages of so many bytes in one turn. @returns how many of them each packet has */
function turn(
  gathering: Gathering,
  { messages, bytes, streams = 1, rested = false, alone = false }: Written,
): number[] {
  const packets = [0];
  for (let message = 0; message < messages; message += 1) {
    packets[0]! += 1;
    if (!gathering.wrote(bytes, streams, { rested, alone })) continue;
    gathering.sent();
    packets.unshift(0);
  }
  gathering.sent();
  gathering.turnEnded();
  return packets.toReversed().filter((count) => count > 0);
}

test('messages that came in one packet leave in one, though they have grown on their way', () => {
  for (const bytes of [230, 345, 372, 450])
    expect(turn(new Gathering(), { messages: GROUP_MESSAGES, bytes })).toEqual([GROUP_MESSAGES]);
});

test('twice as many leave in two packets, and the second is not cut again', () => {
  expect(turn(new Gathering(), { messages: 64, bytes: 272 })).toEqual([32, 32]);
  expect(turn(new Gathering(), { messages: 70, bytes: 345 })).toEqual([32, 38]);
});

test('a packet is never fuller than it can be', () => {
  const full = Math.ceil(FULL_BYTES / 1_000);
  expect(turn(new Gathering(), { messages: 40, bytes: 1_000 })).toEqual([full, full, 10]);
});

test('short messages wait until a packet is worth it', () => {
  expect(turn(new Gathering(), { messages: 100, bytes: 50 })).toEqual([100]);
  expect(turn(new Gathering(), { messages: 200, bytes: 50 })).toEqual([PACKET_BYTES / 50, 60]);
});

test('each stream is a packet of its own', () => {
  expect(turn(new Gathering(), { messages: 60, bytes: 345, streams: 2 })).toEqual([60]);
  expect(turn(new Gathering(), { messages: 65, bytes: 345, streams: 2 })).toEqual([64, 1]);
});

test('who has rested sends the first half of what it had to write the last time ahead of the other', () => {
  const gathering = new Gathering();
  const batch = { messages: 32, bytes: 345 };
  expect(turn(gathering, batch)).toEqual([32]);
  expect(turn(gathering, { ...batch, rested: true })).toEqual([16, 16]);
  // The halves come one at a time from then on, and are not cut again: they are too small for that.
  expect(turn(gathering, { ...batch, messages: 16, rested: true })).toEqual([16]);
  expect(turn(gathering, { ...batch, messages: 16, rested: true })).toEqual([16]);
});

test('what answers a message that came alone leaves at once, and what follows on it at the end of the turn', () => {
  const gathering = new Gathering();
  expect(turn(gathering, { messages: 1, bytes: 345, alone: true })).toEqual([1]);
  expect(turn(gathering, { messages: 5, bytes: 345, alone: true })).toEqual([1, 4]);
  expect(turn(gathering, { messages: 5, bytes: 345 })).toEqual([5]);
});
