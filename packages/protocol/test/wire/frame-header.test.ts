import { describe, expect, test } from 'vitest';
import { frameRule, FrameType, readFrameHeader, writeFrameHeader, type FrameHeader } from '@qconn/protocol';
import { expectRefusal } from './refusal.ts';

const NAMES = Object.keys(FrameType) as (keyof typeof FrameType)[];

function header(name: keyof typeof FrameType, changes: Partial<FrameHeader> = {}): Uint8Array {
  const bytes = new Uint8Array(16);
  const id = frameRule(FrameType[name])?.id === 'none' ? 0 : 1;
  writeFrameHeader(bytes, 0, { type: FrameType[name], flags: 0, id, controlBytes: 0, bodyBytes: 0, ...changes });
  return bytes;
}

test('the layout is the documented one, big-endian', () => {
  const bytes = header('Request', { id: 0x1_2345_6789_abcd, controlBytes: 0x1234, bodyBytes: 0x1_0000 });
  expect(Buffer.from(bytes).toString('hex')).toBe('2000123400010000000123456789abcd');
});

test('numbers of frame types are unique and fit a byte', () => {
  const numbers = Object.values(FrameType);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers.every((number) => number > 0 && number <= 0xff)).toBe(true);
});

test('a number that is not in the registry is refused', () => {
  const known = new Set<number>(Object.values(FrameType));
  for (let type = 0; type < 256; type++) {
    if (known.has(type)) continue;
    const bytes = header('Ack');
    bytes[0] = type;
    expectRefusal('bad_frame', () => readFrameHeader(bytes, 0));
  }
});

describe.each(NAMES)('%s', (name) => {
  const rule = frameRule(FrameType[name]);
  if (rule === undefined) throw new Error(`${name} has no rule`);

  test('takes exactly the lengths of its rule', () => {
    const { controlMaxBytes, bodyMaxBytes } = rule;
    expect(readFrameHeader(header(name, { controlBytes: controlMaxBytes, bodyBytes: bodyMaxBytes }), 0)).toMatchObject({
      controlBytes: controlMaxBytes,
      bodyBytes: bodyMaxBytes,
    });
    for (const controlBytes of [controlMaxBytes + 1, 0xffff])
      expectRefusal('frame_too_large', () => readFrameHeader(header(name, { controlBytes }), 0));
    for (const bodyBytes of [bodyMaxBytes + 1, 0x7fff_ffff, 0xffff_ffff])
      expectRefusal('frame_too_large', () => readFrameHeader(header(name, { bodyBytes }), 0));
  });

  test('refuses every reserved flag', () => {
    for (let bit = 1; bit <= 0x80; bit <<= 1) {
      if ((rule.flags & bit) === 0) expectRefusal('bad_frame', () => readFrameHeader(header(name, { flags: bit }), 0));
      else expect(readFrameHeader(header(name, { flags: bit }), 0).flags).toBe(bit);
    }
  });

  test('has an id exactly if its rule says so, of at most 2^53 − 1', () => {
    expectRefusal('bad_frame', () => readFrameHeader(header(name, { id: rule.id === 'none' ? 1 : 0 }), 0));
    const over = header(name);
    over.set([0x00, 0x20, 0, 0, 0, 0, 0, 0], 8);
    expectRefusal('bad_frame', () => readFrameHeader(over, 0));
    over.fill(0xff, 8);
    expectRefusal('bad_frame', () => readFrameHeader(over, 0));
    if (rule.id !== 'none')
      expect(readFrameHeader(header(name, { id: Number.MAX_SAFE_INTEGER }), 0).id).toBe(Number.MAX_SAFE_INTEGER);
  });
});
