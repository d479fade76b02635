import { open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writePrivate } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import { EXIT_OK, readPassphrase } from '@qconn/startup';
import { loadAuthority, readAuthority, removeRootKey } from '../authority/authority-files.ts';
import { authorityFolder } from '../authority/authority-folders.ts';
import { keyState } from '../authority/key-state.ts';
import type { HubConfig } from '../config/hub-config.ts';

export interface CaExportOptions {
  /** The issuing CA and whatever is between it and the root, instead of the root's certificate. */
  readonly chain?: boolean;
  /** Where the root's private key is to be written. */
  readonly rootKey?: string;
  /** Whether the root's key is removed here once it has been written there. */
  readonly remove?: boolean;
  readonly json?: boolean;
}

/**
 * `qconn-hub ca export`: certificates on standard output, or the root's key in a file.
 * @throws QconnError `usage`, `ca_unusable` when the key is not here, `passphrase_wrong`; as `readAuthority`
 */
export async function caExport(config: HubConfig, options: CaExportOptions): Promise<number> {
  if (options.rootKey !== undefined) return exportRootKey(config, options.rootKey, options);
  if (options.remove === true) throw new QconnError('usage', '--remove goes with --root-key FILE.');
  const { rootPem, issuingPem } = await readAuthority(authorityFolder(config.dataFolder));
  const pem = options.chain === true ? issuingPem : rootPem;
  process.stdout.write(options.json === true ? `${JSON.stringify({ pem })}\n` : pem);
  return EXIT_OK;
}

async function exportRootKey(
  config: HubConfig,
  path: string,
  { remove = false, chain = false, json = false }: CaExportOptions,
): Promise<number> {
  if (chain) throw new QconnError('usage', '--chain and --root-key are two exports.');
  const folder = authorityFolder(config.dataFolder);
  const { rootKeyPem } = await readAuthority(folder);
  if (rootKeyPem === undefined) throw new QconnError('ca_unusable', `The root’s key is not in ${folder}.`);
  // A key that nobody can open, or of another root, must not be what is kept in the safe.
  await loadAuthority(folder, await readPassphrase(config.ca, 'ca.passphraseFile'));
  await writeCopy(path, rootKeyPem);
  if (remove) await removeRootKey(folder);
  const written = { file: path, key: keyState(rootKeyPem), removed: remove };
  process.stdout.write(
    json
      ? `${JSON.stringify(written)}\n`
      : `The root’s key is in ${path} (${written.key}).\n${remove ? 'It is no longer here' : `A copy stays in ${folder}`}.\n`,
  );
  return EXIT_OK;
}

/** Writes a new file and reads it again, because the original may be removed after this. @throws QconnError `credential_unwritable` */
async function writeCopy(path: string, text: string): Promise<void> {
  try {
    await writePrivate(path, text);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new QconnError('credential_unwritable', `${path} exists already.`, { cause });
    await rm(path, { force: true }).catch(() => undefined);
    throw new QconnError('credential_unwritable', `${path} cannot be written.`, { cause });
  }
  if ((await readFile(path, 'utf8')) !== text)
    throw new QconnError('credential_unwritable', `${path} does not hold what was written to it.`);
  await syncFolder(dirname(path));
}

/** The name of a new file is on the disk only once its folder is (fsync(2)). */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
