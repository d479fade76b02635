import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KnownTexts } from '../../src/wire/known-texts.ts';

const encoder = new TextEncoder();

test('reads short ASCII as it is, however many other texts were read before', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary-ascii', maxLength: 128 }), { maxLength: 50 }), (texts) => {
      const known = new KnownTexts();
      for (const text of [...texts, ...texts]) {
        const bytes = encoder.encode(`<${text}>`);
        expect(known.read(bytes, 1, text.length)).toBe(text);
      }
    }),
  );
});

test('tells texts apart that share a place', () => {
  const known = new KnownTexts();
  // Twice as many as there are places: every other one has taken the place of another.
  for (let round = 0; round < 2; round++)
    for (let n = 0; n < 8_192; n++) expect(known.read(encoder.encode(`m-${n}`), 0, `m-${n}`.length)).toBe(`m-${n}`);
});

test('leaves what is not ASCII, and what is too long for a name, to others', () => {
  const known = new KnownTexts();
  expect(known.read(encoder.encode('é'), 0, 2)).toBeUndefined();
  expect(known.read(encoder.encode('x'.repeat(129)), 0, 129)).toBeUndefined();
});
