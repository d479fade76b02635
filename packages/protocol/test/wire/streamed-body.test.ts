import { describe, expect, test } from 'vitest';
import {
  announcesBody,
  decodeBodyOpening,
  decodeResponse,
  encodeBodyOpening,
  encodeResponse,
  PackedWriter,
  type Frame,
} from '@qconn/protocol';
import { expectRefusal } from './refusal.ts';
import { frameOf } from './specimens.ts';

const NOTHING = new Uint8Array(0);

/** A Response that announces a streamed body with these eight bytes of length. */
function announcing(length: readonly number[], body: Uint8Array = NOTHING): Frame {
  const frame = frameOf(encodeResponse(new PackedWriter(), 1, { headers: NOTHING, body, streamed: undefined }));
  return { ...frame, flags: 0x04, control: Uint8Array.of(0, 0, ...length) };
}

describe('the announcement of a streamed body', () => {
  test('carries its length, or that nobody knows it', () => {
    expect(decodeResponse(announcing([0, 0, 0, 1, 0, 0, 0, 2])).streamed).toEqual({ length: 2 ** 32 + 2 });
    expect(decodeResponse(announcing(Array.from({ length: 8 }, () => 0xff))).streamed).toEqual({ length: undefined });
  });

  test('is seen without reading the frame', () => {
    expect(announcesBody(announcing([0, 0, 0, 0, 0, 0, 0, 2]))).toBe(true);
    expect(announcesBody({ ...announcing([]), flags: 0 })).toBe(false);
  });

  test.each([
    ['a length over 2^53 − 1', announcing([0, 0x20, 0, 0, 0, 0, 0, 0])],
    ['no length', announcing([])],
    ['half a length', announcing([0, 0, 0, 1])],
    ['a body of its own beside it', announcing([0, 0, 0, 0, 0, 0, 0, 2], Uint8Array.of(1))],
  ])('is refused with %s', (_why, frame) => {
    expectRefusal('bad_frame', () => decodeResponse(frame));
  });

  test('without its flag is refused', () => {
    expectRefusal('bad_frame', () => decodeResponse({ ...announcing([0, 0, 0, 0, 0, 0, 0, 2]), flags: 0 }));
  });
});

describe('the opening of a body stream', () => {
  test.each([
    { kind: 'request' as const, id: 1 },
    { kind: 'response' as const, id: Number.MAX_SAFE_INTEGER },
  ])('comes back: $kind $id', (opening) => {
    expect(decodeBodyOpening(encodeBodyOpening(opening))).toEqual(opening);
  });

  test.each([
    ['a byte short', encodeBodyOpening({ kind: 'request', id: 1 }).subarray(0, 9)],
    ['a byte too long', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0)],
    ['another type of stream', Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 1)],
    ['an unknown kind', Uint8Array.of(2, 2, 0, 0, 0, 0, 0, 0, 0, 1)],
    ['no exchange', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0, 0)],
    ['an id over 2^53 − 1', Uint8Array.of(2, 0, 0, 0x20, 0, 0, 0, 0, 0, 0)],
  ])('is refused: %s', (_why, bytes) => {
    expectRefusal('bad_stream', () => decodeBodyOpening(bytes));
  });
});
