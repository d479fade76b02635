import { describe, expect, test } from 'vitest';
import {
  decodeCancel,
  decodeFinalOutcome,
  decodeFinalResponse,
  decodeOutcome,
  decodeResponse,
  decodeStages,
  frameRule,
  FrameType,
  PackedWriter,
} from '@qconn/protocol';
import { assemble, LAYOUTS, type Field } from './layouts.ts';
import { expectRefusal } from './refusal.ts';
import { frameOf, frameWith, samples, specimen } from './specimens.ts';

const PACKED = Object.entries(LAYOUTS) as [keyof typeof FrameType, readonly Field[]][];

test('there is a layout of every packed control section', () => {
  const packed = Object.keys(FrameType).filter(
    (name) => frameRule(FrameType[name as keyof typeof FrameType])?.control === 'packed',
  );
  expect([...PACKED.map(([name]) => name), 'Stages'].toSorted()).toEqual(packed.toSorted());
});

describe.each(samples().filter(({ frame }) => frameRule(frame.type)?.control === 'packed'))(
  '$specimen.name',
  ({ specimen: one, frame }) => {
    test('cut at any byte is refused', () => {
      for (let length = 0; length < frame.control.length; length++) {
        expectRefusal('bad_frame', () => one.decode({ ...frame, control: frame.control.subarray(0, length) }));
      }
    });

    test('with a byte too many is refused', () => {
      expectRefusal('bad_frame', () => one.decode({ ...frame, control: Uint8Array.from([...frame.control, 0]) }));
    });
  },
);

describe.each(PACKED)('%s', (name, fields) => {
  const { decode } = specimen(name);

  test('reads what the layout says', () => {
    expect(() => decode(frameWith(name, assemble(fields)))).not.toThrow();
  });

  const cases = fields.flatMap((field) =>
    Object.entries(field.wrong).map(([why, bytes]) => ({
      field: field.name,
      why,
      control: assemble(fields, field, bytes),
    })),
  );

  test.each(cases)('refuses $field: $why', ({ control }) => {
    expectRefusal('bad_frame', () => decode(frameWith(name, control)));
  });
});

describe('Stages', () => {
  const time = [0x40, 0x59, 0, 0, 0, 0, 0, 0];
  const read = (bytes: number[]): unknown => decodeStages(frameWith('Stages', Uint8Array.from(bytes))).reports;

  test('reads what the layout says', () => {
    expect(read([0b11, ...time, ...time, 1, 0x61, 1, 0x62, 1, 0x63])).toEqual([
      { stage: 'accepted', at: 100 },
      { stage: 'resolved', at: 100, target: { fingerprint: 'a', hostname: 'b', device: 'c' } },
    ]);
  });

  test.each([
    ['an unknown stage', [0b100_0000, ...time]],
    ['fewer times than stages', [0b1101, ...time, ...time]],
    ['more times than stages', [0b100, ...time, ...time]],
    ['all bits', [0xff, ...time]],
    ['an infinite time', [1, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0]],
    ['a time that is infinitely early', [1, 0xff, 0xf0, 0, 0, 0, 0, 0, 0]],
    ['a time that is not a number', [1, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]],
    ['a target that is not UTF-8', [0b10, ...time, 1, 0xff, 0, 0]],
    ['a target over 128 bytes', [0b10, ...time, 129, ...Array.from({ length: 129 }, () => 0x61), 0, 0]],
  ])('refuses %s', (_why, bytes) => {
    expectRefusal('bad_frame', () => read(bytes));
  });
});

describe('a final word with stages', () => {
  const STAGES_FLAG = 0x08;
  const NONE = 0;
  const response = { ...frameWith('Response', Uint8Array.of(0, 0, NONE)), flags: STAGES_FLAG };
  const outcome = { ...frameWith('Outcome', Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0, NONE)), flags: STAGES_FLAG };

  test('is read from the hub', () => {
    expect(decodeFinalResponse(response).stages?.reports).toEqual([]);
    expect(decodeFinalOutcome(outcome).stages?.reports).toEqual([]);
  });

  test('is refused from a provider', () => {
    expectRefusal('bad_frame', () => decodeResponse(response));
    expectRefusal('bad_frame', () => decodeOutcome(outcome));
  });
});

describe('a number that a newer version has given to an error', () => {
  test('in an outcome is reported as internal, with the number', () => {
    const control = Uint8Array.of(0xff, 0xfe, 0, 0, 0, 9, 0, 2, 0x68, 0x69);
    expect(decodeOutcome(frameWith('Outcome', control))).toEqual({
      code: 'internal',
      reason: 'Unknown outcome 65534: hi',
      retryAfterMs: 9,
    });
  });

  test('in a cancel still cancels', () => {
    expect(decodeCancel(frameWith('Cancel', Uint8Array.of(0xff, 0xfe)))).toBe('cancelled');
  });
});

test('a flag of one frame does not leak into the next', () => {
  const writer = new PackedWriter();
  const { encode, decode } = specimen('Deliver');
  const message = {
    from: { fingerprint: 'qc1a', hostname: undefined },
    serviceType: 'print',
    device: 'd',
    jobMs: 1,
    idempotencyKey: undefined,
    headers: new Uint8Array(0),
    body: new Uint8Array(0),
  };
  expect(decode(frameOf(encode(writer, 1, { ...message, redelivered: true })))).toMatchObject({ redelivered: true });
  expect(decode(frameOf(encode(writer, 1, { ...message, redelivered: false })))).toMatchObject({ redelivered: false });
});
