import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameType, PackedWriter } from '@qconn/protocol';
import * as any from './arbitraries.ts';
import { frameOf, SPECIMENS } from './specimens.ts';

test('there is a specimen of every frame type', () => {
  expect(SPECIMENS.map(({ name }) => name).toSorted()).toEqual(Object.keys(FrameType).toSorted());
});

describe.each(SPECIMENS)('$name', ({ name, message, encode, decode }) => {
  test('is read as it was written', () => {
    const writer = new PackedWriter();
    fc.assert(
      fc.property(any.id, message, (id, value) => {
        const frame = frameOf(encode(writer, id, value));
        expect(frame.type).toBe(FrameType[name]);
        expect([0, id]).toContain(frame.id);
        expect(decode(frame)).toEqual(value);
      }),
      { numRuns: 200 },
    );
  });
});
