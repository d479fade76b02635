import { expect, test } from 'vitest';
import type { Settled } from '../../src/exchange/answer-memory.ts';
import { KeptBytes } from '../../src/exchange/kept-bytes.ts';

function answer(headers: Uint8Array, body: Uint8Array): Settled {
  return { response: { headers, body } };
}

function bodyOf(settled: Settled): Uint8Array {
  return 'response' in settled ? settled.response.body : new Uint8Array(0);
}

test.each([0, 1, 256, 4_096, 4_097, 65_536])(
  'copies %i bytes, and holds nothing of what they were cut from',
  (bytes) => {
    const large = Buffer.alloc(1024 * 1024, 5);
    const kept = bodyOf(new KeptBytes().copyOf(answer(new Uint8Array(0), large.subarray(7, 7 + bytes))));
    large.fill(6);
    expect(kept).toEqual(new Uint8Array(bytes).fill(5));
    expect(kept.buffer.byteLength).toBeLessThanOrEqual(65_536);
  },
);

test('a thousand small answers share a few chunks', () => {
  const kept = new KeptBytes();
  const copies = Array.from({ length: 1_000 }, (_, n) =>
    kept.copyOf(answer(Uint8Array.of(n), new Uint8Array(256).fill(n))),
  );
  expect(copies.map((copy) => bodyOf(copy)[255])).toEqual(copies.map((_, n) => n & 0xff));
  expect(new Set(copies.map((copy) => bodyOf(copy).buffer)).size).toBeLessThan(6);
});

test('an outcome has no bytes to keep', () => {
  const outcome: Settled = { outcome: { code: 'rejected', reason: 'no paper', retryAfterMs: 0 } };
  expect(new KeptBytes().copyOf(outcome)).toBe(outcome);
});
