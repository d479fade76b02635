import { readFile } from 'node:fs/promises';
import { QconnError } from '@qconn/protocol';

/** Where a passphrase comes from: one of the two, or neither. */
export interface PassphraseSource {
  readonly passphrase?: string | undefined;
  readonly passphraseFile?: string | undefined;
}

/** Most bytes of a passphrase file; scrypt takes any number, but more than this is some other file. */
const PASSPHRASE_MAX_BYTES = 4_096;

/**
 * The passphrase under which keys are encrypted, if there is one. One newline at the end of the file does not belong to it.
 * @param setting what names the file, such as `ca.passphraseFile`, for the complaint
 * @throws QconnError `config_invalid` when the file cannot be read, is empty or too large
 */
export async function readPassphrase(
  { passphrase, passphraseFile }: PassphraseSource,
  setting: string,
): Promise<string | undefined> {
  if (passphraseFile === undefined) return passphrase;
  const bytes = await readFile(passphraseFile).catch((cause: unknown) => {
    throw new QconnError('config_invalid', `${setting}: ${passphraseFile} cannot be read.`, { cause });
  });
  const text = bytes.length > PASSPHRASE_MAX_BYTES ? '' : bytes.toString('utf8').replace(/\r?\n$/, '');
  if (text !== '') return text;
  throw new QconnError('config_invalid', `${setting}: ${passphraseFile} must hold 1 to ${PASSPHRASE_MAX_BYTES} bytes.`);
}
