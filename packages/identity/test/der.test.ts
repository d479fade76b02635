import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkDer } from '../src/der/check.ts';
import { dottedOid, oid, OID } from '../src/der/oid.ts';
import { readDer } from '../src/der/read.ts';
import {
  bitString,
  booleanTrue,
  integer,
  octetString,
  sequence,
  set,
  smallInteger,
  TAG,
  text,
  time,
  tlv,
} from '../src/der/write.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('lengths take as many octets as they need', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0400'],
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
    [65_535, '0482ffff'],
    [65_536, '0483010000'],
  ];
  for (const [length, start] of cases) {
    const value = octetString(new Uint8Array(length));
    expect(hex(value).startsWith(start), `${length}`).toBe(true);
    expect(readDer(value).expect(TAG.octetString, 'it').content).toHaveLength(length);
  }
});

test('integers are minimal and never negative', () => {
  expect(hex(smallInteger(0))).toBe('020100');
  expect(hex(smallInteger(127))).toBe('02017f');
  expect(hex(smallInteger(128))).toBe('02020080');
  expect(hex(smallInteger(65_537))).toBe('0203010001');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
      const written = integer(bytes);
      checkDer(written);
      const { content } = readDer(written).expect(TAG.integer, 'it');
      expect(content[0] ?? 0).toBeLessThan(0x80);
      expect(BigInt(`0x${hex(content)}`)).toBe(BigInt(`0x${hex(bytes) || '0'}`));
    }),
  );
});

test('object identifiers come back as they went in', () => {
  expect(hex(oid(OID.ecPublicKey))).toBe('06072a8648ce3d0201');
  const arcs = fc.tuple(
    fc.integer({ min: 0, max: 2 }),
    fc.integer({ min: 0, max: 39 }),
    fc.array(fc.nat(), { maxLength: 8 }),
  );
  fc.assert(
    fc.property(arcs, ([first, second, rest]) => {
      const dotted = [first, second, ...rest].join('.');
      const written = oid(dotted);
      checkDer(written);
      expect(dottedOid(readDer(written).expect(TAG.oid, 'it').content)).toBe(dotted);
    }),
  );
});

test('times are written with two digits of the year until 2049 and with four from 2050 on', () => {
  expect(
    Buffer.from(time(Date.UTC(2049, 11, 31, 23, 59, 59)))
      .toString('latin1')
      .slice(2),
  ).toBe('491231235959Z');
  expect(
    Buffer.from(time(Date.UTC(2050, 0, 1)))
      .toString('latin1')
      .slice(2),
  ).toBe('20500101000000Z');
});

test.each([
  ['a boolean that is neither', tlv(TAG.boolean, Uint8Array.of(1))],
  ['a boolean of two octets', tlv(TAG.boolean, Uint8Array.of(0xff, 0xff))],
  ['an empty integer', tlv(TAG.integer)],
  ['an integer with a zero too many', tlv(TAG.integer, Uint8Array.of(0, 1))],
  ['a negative integer with an octet too many', tlv(TAG.integer, Uint8Array.of(0xff, 0x80))],
  ['an empty bit string', tlv(TAG.bitString)],
  ['eight unused bits', tlv(TAG.bitString, Uint8Array.of(8, 0))],
  ['unused bits of nothing', tlv(TAG.bitString, Uint8Array.of(1))],
  ['padding that is set', tlv(TAG.bitString, Uint8Array.of(1, 1))],
  ['a null with contents', tlv(TAG.null, Uint8Array.of(0))],
  ['an empty object identifier', tlv(TAG.oid)],
  ['an object identifier that breaks off', tlv(TAG.oid, Uint8Array.of(0x2a, 0x86))],
  ['an object identifier with padding', tlv(TAG.oid, Uint8Array.of(0x2a, 0x80, 1))],
  ['a primitive sequence', tlv(0x10)],
  ['an unsorted set', set(smallInteger(2), smallInteger(1))],
  ['a broken value deep within', sequence(sequence(sequence(tlv(TAG.integer))))],
  ['a value that reaches out of its parent', sequence(Uint8Array.of(TAG.integer, 5, 1))],
])('%s is not DER', (_what, bytes) => {
  expect(() => checkDer(bytes)).toThrow(expect.objectContaining({ name: 'DerError' }));
});

test('a reader gives what is there, in order, and nothing else', () => {
  const reader = readDer(sequence(booleanTrue(), text(TAG.utf8String, 'x'), bitString(Uint8Array.of(1)))).enter(
    TAG.sequence,
    'the list',
  );
  expect(reader.optional(TAG.integer, 'a number')).toBeUndefined();
  expect(reader.optional(TAG.boolean, 'a flag')?.content).toEqual(Uint8Array.of(0xff));
  expect(() => reader.expect(TAG.integer, 'a number')).toThrow('a number has tag 0xc, not 0x2');
  expect(() => reader.end('the list')).toThrow('the list has something after its end');
  reader.next('the rest');
  expect(() => reader.next('more')).toThrow('more is missing');
});
