import { X509Certificate } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isSealed, pinOfCertificate } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import { EXIT_OK } from '@qconn/startup';
import {
  authorityFolder,
  encryptAuthority,
  loadAuthority,
  readAuthority,
  removeRootKey,
  writePrivate,
} from '../authority/authority-files.ts';
import { readPassphrase } from '../authority/passphrase.ts';
import type { HubConfig } from '../config/hub-config.ts';

/** How a private key lies here. */
type KeyState = 'encrypted' | 'plain' | 'absent';

/** `qconn-hub ca show`. Needs no passphrase, and the hub may run. @throws QconnError as `readAuthority` */
export async function caShow(config: HubConfig, options: { readonly json: boolean }): Promise<number> {
  const folder = authorityFolder(config.dataFolder);
  const stored = await readAuthority(folder);
  const [root, issuing] = [certificate(stored.rootPem, 'root'), certificate(stored.issuingPem, 'issuing')];
  const shown = {
    folder,
    pin: Buffer.from(pinOfCertificate(root.raw)).toString('hex'),
    root: { ...facts(root), key: keyState(stored.rootKeyPem) },
    issuing: { ...facts(issuing), key: keyState(stored.issuingKeyPem) },
  };
  process.stdout.write(options.json ? `${JSON.stringify(shown)}\n` : text(shown));
  return EXIT_OK;
}

export interface CaExportOptions {
  /** The issuing CA and whatever is between it and the root, instead of the root's certificate. */
  readonly chain?: boolean;
  /** Where the root's private key is to be written. */
  readonly rootKey?: string;
  /** Whether the root's key is removed here once it has been written there. */
  readonly remove?: boolean;
  readonly json: boolean;
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
  process.stdout.write(options.json ? `${JSON.stringify({ pem })}\n` : pem);
  return EXIT_OK;
}

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

async function exportRootKey(
  config: HubConfig,
  path: string,
  { remove = false, chain = false, json }: CaExportOptions,
): Promise<number> {
  if (chain) throw new QconnError('usage', '--chain and --root-key are two exports.');
  const folder = authorityFolder(config.dataFolder);
  const { rootKeyPem } = await readAuthority(folder);
  if (rootKeyPem === undefined) throw new QconnError('ca_unusable', `The root’s key is not in ${folder}.`);
  // A key that nobody can open, or of another root, must not be what is kept in the safe.
  await loadAuthority(folder, await readPassphrase(config.ca));
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

function certificate(pem: string, what: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new QconnError('ca_unusable', `The ${what} certificate cannot be read.`, { cause });
  }
}

function facts({ subject, validFromDate, validToDate }: X509Certificate): {
  readonly subject: string;
  readonly notBefore: string;
  readonly notAfter: string;
} {
  return {
    subject: subject.replaceAll('\n', ', '),
    notBefore: validFromDate.toISOString(),
    notAfter: validToDate.toISOString(),
  };
}

function keyState(key: string | undefined): KeyState {
  if (key === undefined) return 'absent';
  return isSealed(key) ? 'encrypted' : 'plain';
}

const KEY_IN_WORDS: Readonly<Record<KeyState, string>> = {
  encrypted: 'here, encrypted',
  plain: 'here, not encrypted',
  absent: 'not here',
};

type ShownCertificate = ReturnType<typeof facts> & { readonly key: KeyState };

function text(shown: {
  readonly folder: string;
  readonly pin: string;
  readonly root: ShownCertificate;
  readonly issuing: ShownCertificate;
}): string {
  return `folder      ${shown.folder}
root pin    ${shown.pin}
${certificateText('root', shown.root)}${certificateText('issuing', shown.issuing)}`;
}

function certificateText(name: string, { subject, notBefore, notAfter, key }: ShownCertificate): string {
  return `${name.padEnd(12)}${subject}
            valid ${notBefore} to ${notAfter}
            key ${KEY_IN_WORDS[key]}
`;
}
