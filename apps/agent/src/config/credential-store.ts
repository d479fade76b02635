import { CredentialStore, type Warn } from '@qconn/identity';
import { readPassphrase } from '@qconn/startup';
import type { AgentConfig } from './agent-config.ts';

/** The machine's credential as the configuration has it. @throws QconnError `config_invalid` for the passphrase file */
export async function credentialStore(
  { credentials, credentialsPassphrase, credentialsPassphraseFile }: AgentConfig,
  warn?: Warn,
): Promise<CredentialStore> {
  const source = { passphrase: credentialsPassphrase, passphraseFile: credentialsPassphraseFile };
  const passphrase = await readPassphrase(source, 'credentialsPassphraseFile');
  return new CredentialStore(credentials, { passphrase, ...(warn === undefined ? {} : { warn }) });
}
