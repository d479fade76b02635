import { createCipheriv, createDecipheriv, scrypt, type ScryptOptions } from 'node:crypto';
import { isQconnError, QconnError } from '@qconn/protocol';
import { SEAL_COST, type SealCost } from './seal-cost.ts';
import { systemRandom, type RandomBytes } from './x509/serial.ts';

const FORMAT = 'qconn-sealed/1';
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** Most work that a file may ask for when it is opened: 256 MiB. */
const COST_MAX: SealCost = { logN: 18, r: 8, p: 4 };

interface Header {
  readonly format: typeof FORMAT;
  readonly kdf: SealCost;
  readonly salt: string;
  readonly nonce: string;
}

/**
 * Encrypts a text under a passphrase: scrypt, then AES-256-GCM over the text with the header as
 * associated data. The result is a line of JSON.
 * @throws QconnError passphrase_wrong when it is empty
 */
export async function seal(
  text: string,
  passphrase: string,
  { cost = SEAL_COST, random = systemRandom }: { cost?: SealCost; random?: RandomBytes } = {},
): Promise<string> {
  const salt = random(SALT_BYTES);
  const nonce = random(NONCE_BYTES);
  const kdf = { logN: cost.logN, r: cost.r, p: cost.p };
  const header: Header = { format: FORMAT, kdf, salt: base64(salt), nonce: base64(nonce) };
  const cipher = createCipheriv('aes-256-gcm', await deriveKey(passphrase, salt, kdf), nonce);
  cipher.setAAD(Buffer.from(JSON.stringify(header)));
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${JSON.stringify({ ...header, data: base64(data) })}\n`;
}

/** Whether a text is a sealed one. */
export function isSealed(text: string): boolean {
  return text.startsWith(`{"format":"${FORMAT}"`);
}

/**
 * The text that was sealed.
 * @throws QconnError passphrase_wrong when the passphrase is missing or wrong, or the text was changed:
 *   the two cannot be told apart
 */
export async function unseal(sealed: string, passphrase: string | undefined): Promise<string> {
  if (passphrase === undefined) throw new QconnError('passphrase_wrong', 'It is encrypted; a passphrase is needed.');
  const { header, data } = parseSealed(sealed);
  const key = await deriveKey(passphrase, Buffer.from(header.salt, 'base64'), header.kdf);
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(header.nonce, 'base64'), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(JSON.stringify(header)));
  decipher.setAuthTag(data.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(data.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    throw new QconnError('passphrase_wrong');
  }
}

/** A text in plain, and whether it lies encrypted under the passphrase that is in force. */
export interface Unsealed {
  readonly text: string;
  readonly done: boolean;
}

/**
 * Opens what may lie in plain, under the passphrase, or still under the one before, as while a passphrase is taken up or changed.
 * @throws QconnError passphrase_wrong, credential_damaged
 */
export async function unsealFromBefore(stored: string, passphrase: string, previous?: string): Promise<Unsealed> {
  if (!isSealed(stored)) return { text: stored, done: false };
  try {
    return { text: await unseal(stored, passphrase), done: true };
  } catch (error) {
    if (previous === undefined || !isQconnError(error, 'passphrase_wrong')) throw error;
    return { text: await unseal(stored, previous), done: false };
  }
}

function parseSealed(sealed: string): { header: Header; data: Buffer } {
  try {
    const { kdf, salt, nonce, data } = JSON.parse(sealed) as Header & { data: string };
    const { logN, r, p } = kdf;
    const affordable = [
      [logN, COST_MAX.logN],
      [r, COST_MAX.r],
      [p, COST_MAX.p],
    ].every(([value = 0, max = 0]) => Number.isInteger(value) && value >= 1 && value <= max);
    const bytes = Buffer.from(data, 'base64');
    const sized =
      Buffer.from(salt, 'base64').length === SALT_BYTES && Buffer.from(nonce, 'base64').length === NONCE_BYTES;
    if (affordable && sized && bytes.length >= TAG_BYTES)
      return { header: { format: FORMAT, kdf: { logN, r, p }, salt, nonce }, data: bytes };
  } catch {
    // Falls through: not JSON, or not of this shape.
  }
  throw new QconnError('credential_damaged', 'The encrypted text is damaged.');
}

async function deriveKey(passphrase: string, salt: Uint8Array, { logN, r, p }: SealCost): Promise<Buffer> {
  if (passphrase === '') throw new QconnError('passphrase_wrong', 'The passphrase is empty.');
  const N = 2 ** logN;
  const options: ScryptOptions = { N, r, p, maxmem: 256 * N * r };
  return new Promise((resolve, reject) => {
    // NFC: the same passphrase is typed in different bytes on different systems (RFC 8265, section 4.2).
    scrypt(passphrase.normalize('NFC'), salt, KEY_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
