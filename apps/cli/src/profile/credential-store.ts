import { CredentialStore } from '@qconn/client';
import { readPassphrase } from '@qconn/startup';
import type { Surroundings } from '../surroundings.ts';
import { credentialFolder } from './config-folder.ts';

/**
 * The machine credential to send with. `QCONN_CREDENTIALS_PASSPHRASE_FILE` names the file of the passphrase under which it is
 * encrypted, or `QCONN_CREDENTIALS_PASSPHRASE` holds it.
 * @param folder as named on the command line
 * @throws QconnError `config_invalid` for the passphrase file
 */
export async function credentialStore(folder: string | undefined, env: Surroundings['env']): Promise<CredentialStore> {
  const source = {
    passphrase: given(env, 'QCONN_CREDENTIALS_PASSPHRASE'),
    passphraseFile: given(env, 'QCONN_CREDENTIALS_PASSPHRASE_FILE'),
  };
  const passphrase = await readPassphrase(source, 'QCONN_CREDENTIALS_PASSPHRASE_FILE');
  return new CredentialStore(credentialFolder(folder, env), { passphrase });
}

function given(env: Surroundings['env'], name: string): string | undefined {
  return env[name] === '' ? undefined : env[name];
}
