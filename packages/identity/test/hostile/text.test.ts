import { bech32, bech32m } from '@scure/base';
import * as fc from 'fast-check';
import { isQconnError } from '@qconn/protocol';
import { formatSecret, generateSecret, isFingerprint, parseFingerprint, parseSecret, shortCode } from '@qconn/identity';
import { describe, expect, test } from 'vitest';

const twenty = new Uint8Array(20).fill(7);
const good = bech32m.encode('qc', bech32m.toWords(twenty));
const bech = (prefix: string, bytes: Uint8Array, coding: typeof bech32m = bech32m): string =>
  coding.encode(prefix, coding.toWords(bytes), 256);

describe('a fingerprint', () => {
  test.each([
    ['nothing', ''],
    ['the prefix alone', 'qc1'],
    ['capitals', good.toUpperCase()],
    ['one capital', good.replace('qc1', 'Qc1')],
    ['white space before it', ` ${good}`],
    ['a line end behind it', `${good}\n`],
    ['NUL behind it', `${good}\0`],
    ['a bidirectional mark within', `${good.slice(0, 9)}\u202e${good.slice(9)}`],
    ['a homograph of its prefix', good.replace('c', 'с')],
    ['another prefix', bech('qd', twenty)],
    ['the checksum of bech32', bech('qc', twenty, bech32)],
    ['19 bytes', bech('qc', twenty.subarray(1))],
    ['21 bytes', bech('qc', new Uint8Array(21))],
    ['32 bytes', bech('qc', new Uint8Array(32))],
    ['path traversal', `../${good}`],
    ['a path behind it', `${good}/..`],
    ['a megabyte', good.padEnd(1 << 20, 'q')],
    ['a letter that bech32 has not', good.replace(/.$/, 'b')],
    ['its last letter missing', good.slice(0, -1)],
    ['its last letter twice', good + good.slice(-1)],
  ])('with %s is refused', (_what, text) => {
    expect(isFingerprint(text)).toBe(false);
    for (const read of [parseFingerprint, shortCode]) {
      expect(() => read(text)).toThrow(expect.objectContaining({ name: 'QconnError', code: 'fingerprint_malformed' }));
    }
  });

  test('that is good, is', () => {
    expect(parseFingerprint(good)).toEqual(twenty);
  });
});

describe('a token', () => {
  const secret = generateSecret('qt', new Uint8Array(32).fill(9));
  const token = formatSecret('qt', secret);

  test.each([
    ['one byte less', bech('qt', new Uint8Array(55))],
    ['one byte more', bech('qt', new Uint8Array(57))],
    ['no bytes', bech('qt', new Uint8Array())],
    ['the bytes of an API key', bech('qt', new Uint8Array(24))],
    ['the checksum of bech32', bech('qt', new Uint8Array(56), bech32)],
    ['another prefix', bech('qx', new Uint8Array(56))],
    ['the prefix of a fingerprint', bech('qc', new Uint8Array(56))],
    ['a homograph', token.replace('q', 'ԛ')],
    ['a path before it', `../${token}`],
    ['SQL behind it', `${token}' or 1=1 --`],
    ['a header behind it', `${token}\r\nX-Admin: 1`],
    ['full-width letters', token.replace('qt1', 'ｑｔ１')],
    ['its letters reversed', token.split('').toReversed().join('')],
    [
      'another token’s end',
      token.slice(0, 60) + formatSecret('qt', generateSecret('qt', new Uint8Array(32))).slice(60),
    ],
  ])('with %s is refused before anything is sent', (_what, text) => {
    expect(() => parseSecret(text)).toThrow(expect.objectContaining({ name: 'QconnError', code: 'token_malformed' }));
  });

  test('of noise is refused, and quickly', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ maxLength: 300 }), fc.stringMatching(/^q[tbk][1_][02-9ac-hj-np-z]{0,120}$/)),
        (text) => {
          try {
            parseSecret(text);
            expect.unreachable();
          } catch (error) {
            if (!isQconnError(error, 'token_malformed')) throw error;
          }
        },
      ),
    );
    const started = process.cpuUsage();
    for (let round = 0; round < 10_000; round += 1) {
      try {
        parseSecret(`${token.slice(0, -5)}qqqqq`);
      } catch {
        // What is measured is how long ten thousand of them take.
      }
    }
    expect(process.cpuUsage(started).user).toBeLessThan(10_000_000);
  });
});
