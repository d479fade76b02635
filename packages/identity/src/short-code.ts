import { createHash } from 'node:crypto';
import { parseFingerprint } from './fingerprint.ts';

/** Letters and digits that cannot be taken for one another on a screen: no 0, 1, I or O. */
const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';
const SYMBOLS = 8;

/**
 * The code by which a person recognises a pending machine, such as `K7QM-2XPD`: the machine and the
 * administrator see the same. 40 bits of a hash of the fingerprint, so it is for telling the honest
 * machines of a queue apart; what is authorized is always the whole fingerprint.
 * @throws QconnError fingerprint_malformed
 */
export function shortCode(fingerprint: string): string {
  const digest = createHash('sha256').update('qconn short code/1\0').update(parseFingerprint(fingerprint)).digest();
  let bits = BigInt(`0x${digest.subarray(0, (SYMBOLS * 5) / 8).toString('hex')}`);
  let code = '';
  for (let index = 0; index < SYMBOLS; index += 1) {
    code = (ALPHABET[Number(bits & 31n)] ?? '') + code;
    bits >>= 5n;
  }
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}
