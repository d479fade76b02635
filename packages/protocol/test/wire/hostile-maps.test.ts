import { encode } from 'cborg';
import { describe, expect, test } from 'vitest';
import { decodeHello, frameRule, type FrameType } from '@qconn/protocol';
import { MapFields } from '../../src/wire/map-fields.ts';
import { goodMap, WRONG_FIELDS } from './hostile-fields.ts';
import { expectRefusal } from './refusal.ts';
import { frameWith, samples, specimen } from './specimens.ts';

type Name = keyof typeof FrameType;

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const MAPS = samples().filter(({ frame }) => frameRule(frame.type)?.control === 'map');

/** CBOR that no frame may hold, whatever its type (RFC 8949). */
const NOT_STRICT: Readonly<Record<string, Uint8Array>> = {
  'nothing at all': hex(''),
  'a number': hex('01'),
  'a list': hex('80'),
  'a byte string': hex('41 00'),
  null: hex('f6'),
  'a break': hex('ff'),
  'a reserved length': hex('bc'),
  'a repeated key': hex('a2 61 61 01 61 61 02'),
  'an indefinite map': hex('bf ff'),
  'an indefinite list': hex('a1 61 61 9f ff'),
  'an indefinite text': hex('a1 61 61 7f 61 61 ff'),
  'a tag': hex('a1 61 61 c0 60'),
  'a big number': hex('a1 61 61 c2 41 01'),
  'an integer over 2^53': hex('a1 61 61 1b 00 20 00 00 00 00 00 01'),
  'a longer integer than needed': hex('a1 61 61 18 01'),
  'a longer length than needed': hex('a1 78 01 61 01'),
  'a floating-point number': hex('a1 61 61 f9 3c 00'),
  NaN: hex('a1 61 61 f9 7e 00'),
  undefined: hex('a1 61 61 f7'),
  'an unassigned simple value': hex('a1 61 61 e0'),
  'a key that is a number': hex('a1 01 01'),
  'a key that is not UTF-8': hex('a1 61 ff 01'),
  'a text that is not UTF-8': hex('a1 61 61 62 c0 af'),
  'a text of half a surrogate pair': hex('a1 61 61 63 ed a0 80'),
  'a key without a value': hex('a1 61 61'),
  'a byte too many': hex('a0 00'),
  'a second map': hex('a0 a0'),
  'a map of 2^32 − 1': hex('ba ff ff ff ff'),
  'a text of 2^32 − 1 bytes': hex('a1 7a ff ff ff ff'),
  'five levels': hex('a1 61 61 81 81 81 81 00'),
  '8,000 levels': Uint8Array.from([0xa1, 0x61, 0x61, ...Array.from({ length: 8_000 }, () => 0x81), 0]),
};

describe.each(MAPS)('$specimen.name', ({ specimen: one, frame }) => {
  test('cut at any byte is refused', () => {
    for (let length = 0; length < frame.control.length; length++) {
      expectRefusal('bad_frame', () => one.decode({ ...frame, control: frame.control.subarray(0, length) }));
    }
  });

  test.each(Object.entries(NOT_STRICT))('refuses %s', (_why, control) => {
    expectRefusal('bad_frame', () => one.decode({ ...frame, control }));
  });
});

describe.each(Object.entries(WRONG_FIELDS) as [Name, readonly Record<string, unknown>[]][])('%s', (name, changes) => {
  const good = goodMap(name);
  const { decode } = specimen(name);

  test('reads the good map that the cases change, and ignores fields that it does not know', () => {
    expect(() => decode(frameWith(name, encode(good)))).not.toThrow();
    expect(decode(frameWith(name, encode({ ...good, fromALaterVersion: [1, { deep: 'er' }] })))).toEqual(
      decode(frameWith(name, encode(good))),
    );
  });

  test.each(changes.map((change) => ({ shown: show(change), change })))('refuses $shown', ({ change }) => {
    expectRefusal('bad_frame', () => decode(frameWith(name, encode({ ...good, ...change }))));
  });

  test('refuses a map that lacks any field it needs', () => {
    for (const field of Object.keys(good).filter((key) => !OPTIONAL.has(key))) {
      const rest = Object.fromEntries(Object.entries(good).filter(([key]) => key !== field));
      expectRefusal('bad_frame', () => decode(frameWith(name, encode(rest))));
    }
  });
});

test('what every object inherits does not stand in for a field', () => {
  const sneaked = hex('a1 69 5f5f70726f746f5f5f a2 65 6167656e74 61 78 65 6c616e6573 01');
  expectRefusal('bad_frame', () => decodeHello(frameWith('Hello', sneaked)));
  expect(Object.hasOwn(Object.prototype, 'agent')).toBe(false);
  expect(({} as Record<string, unknown>)['lanes']).toBeUndefined();
  // Whatever the CBOR library makes of such a key: only own fields count.
  const inherited = new MapFields(Object.create({ agent: 'x' }) as Record<string, unknown>, 'Hello');
  expectRefusal('bad_frame', () => inherited.text('agent', 128));
});

test('a Renew frame without a request is refused', () => {
  expectRefusal('bad_frame', () => specimen('Renew').decode(frameWith('Renew', hex('a0'))));
});

const OPTIONAL = new Set(['hostname', 'serviceType', 'machine', 'state', 'renewWithinMs']);

function show(change: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(change).slice(0, 60);
}
