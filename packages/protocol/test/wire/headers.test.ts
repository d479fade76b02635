import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeHeaders, encodeHeaders } from '@qconn/protocol';
import { text } from './arbitraries.ts';
import { expectRefusal } from './refusal.ts';

const headers = fc.dictionary(fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,63}$/), text(60), { maxKeys: 40 });

/** One header as bytes, with nothing checked. */
function raw(name: string | number[], value: string | number[]): number[] {
  const bytes = (part: string | number[]): number[] =>
    typeof part === 'string' ? [...new TextEncoder().encode(part)] : part;
  const [n, v] = [bytes(name), bytes(value)];
  return [n.length, ...n, v.length >>> 8, v.length & 0xff, ...v];
}

test('are read as they were written', () => {
  fc.assert(
    fc.property(headers, (value) => {
      expect({ ...decodeHeaders(encodeHeaders(value)) }).toEqual({ ...value });
    }),
    { numRuns: 500 },
  );
});

test('a block cut inside a header is refused', () => {
  const block = encodeHeaders({ 'content-type': 'text/plain', note: 'ünï' });
  const boundaries = new Set([0, encodeHeaders({ 'content-type': 'text/plain' }).length]);
  for (let length = 0; length < block.length; length++) {
    if (!boundaries.has(length)) expectRefusal('bad_frame', () => decodeHeaders(block.subarray(0, length)));
  }
});

describe('a block is refused', () => {
  test.each([
    ['with a repeated name', [...raw('a', '1'), ...raw('a', '2')]],
    ['with an empty name', raw('', 'x')],
    ['with an upper-case name', raw('Content-Type', 'x')],
    ['with a name of 65 bytes', raw('a'.repeat(65), 'x')],
    ['with __proto__', raw('__proto__', 'x')],
    ['with a line break in a name', raw('a\r\nb', 'x')],
    ['with a name that is not UTF-8', raw([0xff], 'x')],
    ['with a value that is not UTF-8', raw('a', [0xc0, 0xaf])],
  ])('%s', (_why, block) => {
    expectRefusal('bad_frame', () => decodeHeaders(Uint8Array.from(block)));
  });
});

describe('headers are not written', () => {
  test('with a malformed name', () => {
    for (const name of ['', 'A', 'a b', '__proto__', 'a'.repeat(65), 'ü'])
      expectRefusal('invalid_request', () => encodeHeaders({ [name]: 'x' }));
  });

  test('over 8 KiB, counted in bytes', () => {
    const fits = 8_192 - 4;
    expect(encodeHeaders({ a: 'x'.repeat(fits) })).toHaveLength(8_192);
    expectRefusal('too_large', () => encodeHeaders({ a: 'x'.repeat(fits + 1) }));
    expectRefusal('too_large', () => encodeHeaders({ a: 'ü'.repeat(fits / 2 + 1) }));
    expectRefusal('too_large', () => encodeHeaders({ a: 'x'.repeat(5_000), b: 'x'.repeat(5_000) }));
    expectRefusal('too_large', () => encodeHeaders({ a: 'x'.repeat(1_000_000) }));
  });
});

test('names of what every object inherits are ordinary names', () => {
  const decoded = decodeHeaders(encodeHeaders({ constructor: 'x' }));
  expect(decoded['constructor']).toBe('x');
  expect(decoded['tostring']).toBeUndefined();
  expect('toString' in decoded).toBe(false);
});
