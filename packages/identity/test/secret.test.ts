import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { isQconnError } from '@qconn/protocol';
import {
  formatSecret,
  generateSecret,
  hashSecret,
  parseSecret,
  Secret,
  secretMatches,
  type SecretKind,
} from '@qconn/identity';
import { describe, expect, test } from 'vitest';

const PIN = Uint8Array.from({ length: 32 }, (_zero, index) => index);
const KINDS: readonly SecretKind[] = ['qt', 'qb', 'qk'];

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const someSecret = fc
  .tuple(fc.constantFrom(...KINDS), bytes(8), bytes(16), bytes(32))
  .map(([kind, id, secret, pin]) => new Secret(kind, { id, secret, pin: kind === 'qk' ? undefined : pin }));

function errorOf(text: string, ...expected: SecretKind[]): unknown {
  try {
    parseSecret(text, ...expected);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('text', () => {
  test('gives back what it was made of, whatever white space surrounds it', () => {
    fc.assert(
      fc.property(someSecret, (secret) => {
        const parsed = parseSecret(` ${formatSecret(secret.kind, secret)}\n`);
        expect(parsed).toMatchObject({ kind: secret.kind, id: secret.id, pin: secret.pin });
        expect(parsed.secret).toEqual(secret.secret);
      }),
    );
  });

  test('shows by its prefix what it is', () => {
    expect(formatSecret('qt', generateSecret('qt', PIN))).toMatch(/^qt1[02-9ac-hj-np-z]{96}$/);
    expect(formatSecret('qb', generateSecret('qb', PIN))).toMatch(/^qb1[02-9ac-hj-np-z]{96}$/);
    expect(formatSecret('qk', generateSecret('qk'))).toMatch(/^qk_[02-9ac-hj-np-z]{45}$/);
  });

  test('any flipped bit is caught', () => {
    fc.assert(
      fc.property(someSecret, fc.nat(), fc.nat({ max: 7 }), (secret, place, bit) => {
        const codes = Buffer.from(formatSecret(secret.kind, secret), 'latin1');
        const at = place % codes.length;
        codes[at] = (codes[at] ?? 0) ^ (1 << bit);
        expect(isQconnError(errorOf(codes.toString('latin1')), 'token_malformed')).toBe(true);
      }),
    );
  });

  test('one that is cut, doubled, swapped or of the wrong kind is caught', () => {
    const token = formatSecret('qt', generateSecret('qt', PIN));
    const key = formatSecret('qk', generateSecret('qk'));
    const cases: Record<string, string> = {
      empty: '',
      'white space': '  \n',
      'a prefix only': 'qt1',
      'cut at the end': token.slice(0, -1),
      'cut at the start': token.slice(1),
      doubled: token + token,
      'a neighbouring pair swapped': swapFirstDifferentPair(token),
      'in capitals': token.toUpperCase(),
      'a token under the prefix of a bootstrap secret': token.replace('qt1', 'qb1'),
      'a token under the prefix of an API key': token.replace('qt1', 'qk_'),
      'an API key with the wrong separator': key.replace('_', '1'),
      'white space within': `${token.slice(0, 20)} ${token.slice(20)}`,
      'a megabyte': 'qt1'.padEnd(1 << 20, 'q'),
      'a fingerprint': 'qc1uwcvgs5clswpfxhm7nyfjmaeysn6us0yuughec',
      'a NUL at the end': `${token}\0`,
      'a bidirectional mark': `${token}\u202e`,
    };
    for (const [what, text] of Object.entries(cases))
      expect(isQconnError(errorOf(text), 'token_malformed'), what).toBe(true);
    expect(isQconnError(errorOf(key, 'qt', 'qb'), 'token_malformed')).toBe(true);
    expect(errorOf(key, 'qk')).toBeUndefined();
  });
});

test('neither an error nor a log shows the secret', () => {
  const secret = generateSecret('qt', PIN);
  const text = formatSecret('qt', secret);
  const hex = Buffer.from(secret.secret).toString('hex');
  const shown = [inspect(secret, { depth: 9, showHidden: true }), JSON.stringify(secret)].join('\n');
  expect(shown).not.toContain(hex);
  expect(shown).not.toContain(JSON.stringify([...secret.secret]).slice(1, 20));
  const error = errorOf(`${text.slice(0, -1)}q`);
  for (const rendering of [inspect(error, { depth: 9 }), JSON.stringify(error), String(error)])
    expect(rendering).not.toContain(text.slice(10, 30));
  expect(secret.idText).toBe(Buffer.from(secret.id).toString('hex'));
});

test('is recognised by its hash and by no other', () => {
  const secret = generateSecret('qk');
  const stored = hashSecret(secret.secret);
  expect(stored).toHaveLength(32);
  expect(secretMatches(secret.secret, stored)).toBe(true);
  expect(secretMatches(generateSecret('qk').secret, stored)).toBe(false);
  expect(secretMatches(secret.secret, stored.subarray(1))).toBe(false);
  expect(secretMatches(secret.secret, new Uint8Array())).toBe(false);
});

test('refuses to be made of parts of the wrong length', () => {
  const parts = generateSecret('qt', PIN);
  expect(() => formatSecret('qk', parts)).toThrow(RangeError);
  expect(() => formatSecret('qt', { id: parts.id, secret: parts.secret })).toThrow(RangeError);
  expect(() => formatSecret('qt', { id: new Uint8Array(9), secret: new Uint8Array(15), pin: PIN })).toThrow(RangeError);
});

function swapFirstDifferentPair(text: string): string {
  const at = text.split('').findIndex((letter, index) => index > 2 && letter !== text[index + 1]);
  return text.slice(0, at) + (text[at + 1] ?? '') + (text[at] ?? '') + text.slice(at + 2);
}
