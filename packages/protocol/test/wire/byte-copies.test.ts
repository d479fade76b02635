import { expect, test } from 'vitest';
import { ByteCopies } from '@qconn/protocol';

test.each([0, 1, 256, 4_096, 4_097, 65_536])(
  'copies %i bytes, and holds nothing of what they were cut from',
  (bytes) => {
    const large = Buffer.alloc(1024 * 1024, 5);
    const copy = new ByteCopies().of(large.subarray(7, 7 + bytes));
    large.fill(6);
    expect(copy).toEqual(new Uint8Array(bytes).fill(5));
    expect(copy.buffer.byteLength).toBeLessThanOrEqual(65_536);
  },
);

test('a thousand short copies share a few chunks, and none is written over another', () => {
  const copies = new ByteCopies();
  const made = Array.from({ length: 1_000 }, (_, n) => copies.of(new Uint8Array(256).fill(n)));
  expect(made.map((copy) => [copy[0], copy[255]])).toEqual(made.map((_, n) => [n & 0xff, n & 0xff]));
  expect(new Set(made.map((copy) => copy.buffer)).size).toBeLessThan(6);
});

test('a frame is copied with both of its sections', () => {
  const frame = { type: 1, flags: 2, id: 7, control: Uint8Array.of(1), body: new Uint8Array(16_384).fill(2) };
  const expected = structuredClone(frame);
  const copy = new ByteCopies().ofFrame(frame);
  frame.control.fill(0);
  frame.body.fill(0);
  expect(copy).toEqual(expected);
});
