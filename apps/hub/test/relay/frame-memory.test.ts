import { expect, test } from 'vitest';
import { HubFrameMemory } from '../../src/relay/frame-memory.ts';
import { REQUEST } from './relay-stage.ts';

const LONG = 16 * 1024;

function bytes(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}

test('what is held stays as it was, whatever becomes of the frame that it came in', () => {
  const memory = new HubFrameMemory();
  const lent = [bytes(3, 1), bytes(256, 2), bytes(LONG, 3)] as const;
  const held = lent.map((body) => memory.hold({ ...REQUEST, headers: lent[0], body }));
  for (const each of lent) each.fill(0xee);
  expect(held.map(({ request }) => [...new Set(request.body)])).toEqual([[1], [2], [3]]);
  expect(held.map(({ request }) => request.body.length)).toEqual([3, 256, LONG]);
  expect(held.map(({ request }) => [...request.headers])).toEqual([
    [1, 1, 1],
    [1, 1, 1],
    [1, 1, 1],
  ]);
});

test('the memory of a long body is used again once every holder has let it go, and not before', () => {
  const memory = new HubFrameMemory();
  const held = memory.hold({ ...REQUEST, body: bytes(LONG, 1) });
  held.holders = 2;
  memory.letGo(held);
  const other = memory.hold({ ...REQUEST, body: bytes(LONG, 2) });
  expect(held.request.body.every((byte) => byte === 1)).toBe(true);
  memory.letGo(held);
  const next = memory.hold({ ...REQUEST, body: bytes(LONG, 3) });
  expect(next.request.body.buffer).toBe(held.request.body.buffer);
  expect(other.request.body.every((byte) => byte === 2)).toBe(true);
});

test('memory for a frame in pieces is the next power of two, and is used again', () => {
  const memory = new HubFrameMemory();
  expect([1, 2_048, 2_049, 65_536, 82_000].map((length) => memory.take(length).length)).toEqual([
    2_048, 2_048, 4_096, 65_536, 131_072,
  ]);
  const piece = memory.take(5_000);
  memory.give(piece);
  expect(memory.take(8_192)).toBe(piece);
});

test('no more than 16 MiB lie idle', () => {
  const memory = new HubFrameMemory();
  const pieces = Array.from({ length: 200 }, () => memory.take(131_072));
  for (const piece of pieces) memory.give(piece);
  const again = new Set(Array.from({ length: 200 }, () => memory.take(131_072)));
  expect(pieces.filter((piece) => again.has(piece))).toHaveLength(128);
});
