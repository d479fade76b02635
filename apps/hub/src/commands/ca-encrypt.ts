import { QconnError } from '@qconn/protocol';
import { EXIT_OK } from '@qconn/startup';
import { authorityFolder, encryptAuthority } from '../authority/authority-files.ts';
import { readPassphrase } from '../authority/passphrase.ts';
import type { HubConfig } from '../config/hub-config.ts';

/** `qconn-hub ca encrypt`: encrypts keys that lie here in plain. @throws QconnError `usage`; as `encryptAuthority` */
export async function caEncrypt(config: HubConfig, options: { readonly json: boolean }): Promise<number> {
  const passphrase = await readPassphrase(config.ca);
  if (passphrase === undefined)
    throw new QconnError('usage', 'Give the passphrase: ca.passphraseFile, or QCONN_HUB_CA_PASSPHRASE.');
  const encrypted = await encryptAuthority(authorityFolder(config.dataFolder), passphrase);
  if (options.json) process.stdout.write(`${JSON.stringify({ encrypted })}\n`);
  else
    process.stdout.write(
      encrypted.length === 0 ? 'All keys were encrypted already.\n' : `Encrypted: ${encrypted.join(', ')}.\n`,
    );
  return EXIT_OK;
}
