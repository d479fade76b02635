import { QconnError } from '@qconn/protocol';
import { EXIT_OK, readPassphrase } from '@qconn/startup';
import { encryptAuthority } from '../authority/authority-files.ts';
import { authorityFolder } from '../authority/authority-folders.ts';
import type { HubConfig } from '../config/hub-config.ts';

export interface CaEncryptOptions {
  /** File of the passphrase that takes the place of the configured one. */
  readonly newPassphraseFile?: string;
  readonly json?: boolean;
}

/**
 * `qconn-hub ca encrypt`: encrypts keys that lie here in plain, or all of them under a new passphrase.
 * @throws QconnError `usage`; as `encryptAuthority`
 */
export async function caEncrypt(
  config: HubConfig,
  { newPassphraseFile, json = false }: CaEncryptOptions,
): Promise<number> {
  const configured = await readPassphrase(config.ca, 'ca.passphraseFile');
  const passphrase =
    newPassphraseFile === undefined
      ? configured
      : await readPassphrase({ passphraseFile: newPassphraseFile }, '--new-passphrase-file');
  if (passphrase === undefined)
    throw new QconnError('usage', 'Give the passphrase: ca.passphraseFile, or QCONN_HUB_CA_PASSPHRASE.');
  const encrypted = await encryptAuthority(authorityFolder(config.dataFolder), passphrase, configured);
  if (json) process.stdout.write(`${JSON.stringify({ encrypted })}\n`);
  else
    process.stdout.write(
      encrypted.length === 0 ? 'All keys were encrypted with it already.\n' : `Encrypted: ${encrypted.join(', ')}.\n`,
    );
  return EXIT_OK;
}
