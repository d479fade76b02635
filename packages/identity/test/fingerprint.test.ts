import * as fc from 'fast-check';
import {
  exportSpki,
  fingerprintOf,
  generateKeyPair,
  isFingerprint,
  parseFingerprint,
  shortCode,
} from '@qconn/identity';
import { expect, test } from 'vitest';

const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.split('');
const someFingerprint = fc.uint8Array({ minLength: 91, maxLength: 91 }).map(fingerprintOf);

test('is 41 characters that begin with qc1 and hold the first 20 bytes of the hash of the key', async () => {
  const spki = await exportSpki((await generateKeyPair()).publicKey);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', spki.slice()));
  const fingerprint = fingerprintOf(spki);
  expect(fingerprint).toMatch(/^qc1[02-9ac-hj-np-z]{38}$/);
  expect(parseFingerprint(fingerprint)).toEqual(hash.subarray(0, 20));
});

test('does not change from release to release', () => {
  expect(fingerprintOf(new Uint8Array())).toBe('qc1uwcvgs5clswpfxhm7nyfjmaeysn6us0yuughec');
  expect(shortCode('qc1uwcvgs5clswpfxhm7nyfjmaeysn6us0yuughec')).toBe('AE2X-6ASN');
});

test('any one or two wrong characters are caught', () => {
  const place = fc.nat({ max: 37 });
  const wrong = fc.tuple(someFingerprint, place, place, fc.constantFrom(...CHARSET), fc.constantFrom(...CHARSET));
  fc.assert(
    fc.property(wrong, ([fingerprint, first, second, a, b]) => {
      const letters = fingerprint.split('');
      letters[3 + first] = a;
      letters[3 + second] = b;
      const changed = letters.join('');
      expect(isFingerprint(changed)).toBe(changed === fingerprint);
    }),
  );
});

test('any flipped bit is caught', () => {
  fc.assert(
    fc.property(someFingerprint, fc.nat({ max: 40 }), fc.nat({ max: 7 }), (fingerprint, at, bit) => {
      const codes = [...Buffer.from(fingerprint, 'latin1')];
      codes[at] = (codes[at] ?? 0) ^ (1 << bit);
      expect(isFingerprint(Buffer.from(codes).toString('latin1'))).toBe(false);
    }),
  );
});

test('the short code is the same for the same fingerprint and has no letters that look alike', () => {
  fc.assert(
    fc.property(someFingerprint, (fingerprint) => {
      const code = shortCode(fingerprint);
      expect(code).toMatch(/^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$/);
      expect(shortCode(fingerprint)).toBe(code);
    }),
  );
});
