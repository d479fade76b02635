import {
  CREDENTIAL_FILE_MAX_BYTES,
  CredentialStore,
  formatCredential,
  inspectCredential,
  isSealed,
  parseCredential,
  writePrivate,
} from '@qconn/identity';
import { isQconnError, QconnError, refuseEnrolled } from '@qconn/client';
import { EXIT_OK, readPassphrase } from '@qconn/startup';
import { credentialStore } from '../config/credential-store.ts';
import { readConfig, type ConfigFlags } from '../config/read-config.ts';
import { askStatus } from '../control/ask-agent.ts';
import { socketPath } from '../control/socket-path.ts';
import { readInput } from './read-input.ts';

export interface ExportFlags extends ConfigFlags {
  readonly outPassphraseFile?: string;
}

export interface ImportFlags extends ConfigFlags {
  readonly inPassphraseFile?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export interface EncryptFlags extends ConfigFlags {
  readonly newPassphraseFile?: string;
  readonly json?: boolean;
}

/** `qconn-agent credential export`. @returns the exit code @throws QconnError `usage`; as `CredentialStore.load` */
export async function exportCommand(path: string, { outPassphraseFile, ...flags }: ExportFlags): Promise<number> {
  const passphrase = await readPassphrase({ passphraseFile: outPassphraseFile }, '--out-passphrase-file');
  const store = await credentialStore(readConfig(flags, ['credentials']));
  const text = await formatCredential(await store.load(), { passphrase });
  if (path === '-') process.stdout.write(text);
  else await writeNew(path, text);
  if (!isSealed(text))
    process.stderr.write(
      'It holds the private key in plain: whoever reads it is this machine. Delete it when it has been imported.\n',
    );
  return EXIT_OK;
}

/** `qconn-agent credential import`. @returns the exit code @throws QconnError `usage`, `already_enrolled`, `agent_running`, `credential_…`, `passphrase_wrong` */
export async function importCommand(path: string, { inPassphraseFile, ...flags }: ImportFlags): Promise<number> {
  const config = readConfig(flags, ['credentials']);
  const passphrase = await readPassphrase({ passphraseFile: inPassphraseFile }, '--in-passphrase-file');
  const credential = await parseCredential(readExported(path), { passphrase });
  const store = await credentialStore(config);
  await refuseRunning(config.credentials);
  await refuseEnrolled(store).catch((error: unknown) => {
    if (flags.force !== true || !isQconnError(error, 'already_enrolled')) throw error;
  });
  await store.save(credential);
  const { fingerprint } = await inspectCredential(credential);
  const { https: hub } = credential.hub;
  process.stdout.write(
    flags.json === true
      ? `${JSON.stringify({ fingerprint, hub, credentials: config.credentials })}\n`
      : `This is ${fingerprint} of ${hub} now. Let no other agent run with the same credential.\n`,
  );
  return EXIT_OK;
}

/** `qconn-agent credential encrypt`. @returns the exit code @throws QconnError `usage`, `agent_running`; as `CredentialStore.encrypt` */
export async function encryptCommand({ newPassphraseFile, json, ...flags }: EncryptFlags): Promise<number> {
  const config = readConfig(flags, ['credentials']);
  const { credentials, credentialsPassphrase, credentialsPassphraseFile } = config;
  const configured = await readPassphrase(
    { passphrase: credentialsPassphrase, passphraseFile: credentialsPassphraseFile },
    'credentialsPassphraseFile',
  );
  const passphrase =
    newPassphraseFile === undefined
      ? configured
      : await readPassphrase({ passphraseFile: newPassphraseFile }, '--new-passphrase-file');
  if (passphrase === undefined)
    throw new QconnError('usage', 'There is no passphrase: give credentialsPassphraseFile or --new-passphrase-file.');
  await refuseRunning(credentials);
  const files = await new CredentialStore(credentials, { passphrase }).encrypt(configured);
  process.stdout.write(json === true ? `${JSON.stringify({ credentials, encrypted: files })}\n` : told(files));
  return EXIT_OK;
}

function told(files: readonly string[]): string {
  if (files.length === 0) return 'Nothing had to be encrypted.\n';
  return `Encrypted: ${files.join(', ')}. Backups from before hold what was there before.\n`;
}

/** A running agent writes as it was told at its start. @throws QconnError `agent_running` */
async function refuseRunning(credentials: string): Promise<void> {
  if ((await askStatus(socketPath(credentials))) !== undefined)
    throw new QconnError('agent_running', 'An agent runs with this folder; stop it first.');
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writePrivate(path, text);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'EEXIST' ? 'exists already' : 'cannot be written';
    throw new QconnError('usage', `${path} ${why}.`, { cause });
  }
}

function readExported(path: string): string {
  const content = readInput(path, 'file');
  if (content.length > CREDENTIAL_FILE_MAX_BYTES)
    throw new QconnError('credential_damaged', `${path} is over ${CREDENTIAL_FILE_MAX_BYTES} bytes.`);
  return content.toString('utf8');
}
