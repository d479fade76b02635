import { chmod, mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  CertificateAuthority,
  isSealed,
  PrivateFolder,
  seal,
  sealAuthority,
  unsealAuthority,
  unsealFromBefore,
  writePrivate,
  type AuthorityPem,
} from '@qconn/identity';
import { isQconnError, QconnError } from '@qconn/protocol';
import { nextFolder, previousFolder } from './authority-folders.ts';
import { AUTHORITY_FILE_MAX_BYTES, AUTHORITY_FILES, finishReplacement } from './replacement.ts';

/** Whether a CA is there. @throws QconnError `ca_unusable` when that cannot be seen */
export async function hasAuthority(folder: string): Promise<boolean> {
  try {
    await stat(folder);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw new QconnError('ca_unusable', `The CA’s folder ${folder} cannot be read.`, { cause });
  }
}

/**
 * Writes a new CA's files: all of them or none, mode 0600 in a folder of mode 0700.
 * @param passphrase encrypts the keys; without it they are protected by their modes alone
 * @throws QconnError `already_initialised` when a CA is there
 */
export async function saveAuthority(
  folder: string,
  authority: CertificateAuthority,
  passphrase?: string,
): Promise<void> {
  if (await hasAuthority(folder)) throw new QconnError('already_initialised', `There is a CA in ${folder} already.`);
  const files = await sealed(authority, passphrase);
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  await chmod(unfinished, 0o700);
  for (const [part, pem] of Object.entries(files))
    await writePrivate(join(unfinished, AUTHORITY_FILES[part as keyof typeof AUTHORITY_FILES]), pem as string);
  await rename(unfinished, folder);
}

/** The CA as its files have it: keys encrypted where there is a passphrase. */
export async function sealed(authority: CertificateAuthority, passphrase: string | undefined): Promise<AuthorityPem> {
  const plain = authority.toPem();
  return passphrase === undefined ? plain : await sealAuthority(plain, passphrase);
}

/**
 * Reads the CA.
 * @param passphrase needed when the keys are encrypted
 * @throws QconnError `not_initialised` when there is none, `ca_unusable`, `credential_exposed`, `passphrase_wrong`
 */
export async function loadAuthority(folder: string, passphrase?: string): Promise<CertificateAuthority> {
  const stored = await readAuthority(folder);
  return CertificateAuthority.load(await asAuthority(unsealAuthority(stored, passphrase)));
}

/**
 * The CA's files as they are, keys encrypted or not.
 * @throws QconnError `not_initialised` when there is none; `credential_exposed` when somebody else can get at them;
 *   `ca_unusable` when one is missing or cannot be read
 */
export async function readAuthority(folder: string): Promise<AuthorityPem> {
  if (!(await hasAuthority(folder))) throw new QconnError('not_initialised', `There is no CA in ${folder}.`);
  const files = new PrivateFolder(folder);
  await asAuthority(files.check());
  await asAuthority(finishReplacement(folder));
  const read = (name: string): Promise<string | undefined> => asAuthority(files.read(name, AUTHORITY_FILE_MAX_BYTES));
  const required = async (name: string): Promise<string> => {
    const text = await read(name);
    if (text === undefined) throw new QconnError('ca_unusable', `The CA’s file ${join(folder, name)} is missing.`);
    return text;
  };
  const rootKeyPem = await read(AUTHORITY_FILES.rootKeyPem);
  return {
    ...(rootKeyPem === undefined ? {} : { rootKeyPem }),
    rootPem: await required(AUTHORITY_FILES.rootPem),
    issuingKeyPem: await required(AUTHORITY_FILES.issuingKeyPem),
    issuingPem: await required(AUTHORITY_FILES.issuingPem),
  };
}

/** The names of those key files of a CA that are not encrypted. */
export function plainKeyFiles({ rootKeyPem, issuingKeyPem }: AuthorityPem): readonly string[] {
  const plain: string[] = [];
  if (rootKeyPem !== undefined && !isSealed(rootKeyPem)) plain.push(AUTHORITY_FILES.rootKeyPem);
  if (!isSealed(issuingKeyPem)) plain.push(AUTHORITY_FILES.issuingKeyPem);
  return plain;
}

/**
 * Encrypts those keys of a hub's CA that are not encrypted under the passphrase yet, those of the CA to come and of the one
 * before among them. A crash leaves each file whole; the same call again does the rest.
 * @param previous under which keys may be encrypted so far, when the passphrase changes
 * @returns the names of the files that were written
 * @throws QconnError as {@link loadAuthority}, `credential_unwritable`
 */
export async function encryptAuthority(
  folder: string,
  passphrase: string,
  previous?: string,
): Promise<readonly string[]> {
  const written = [...(await encryptKeys(folder, passphrase, previous))];
  for (const other of [nextFolder(folder), previousFolder(folder)]) {
    if (!(await hasAuthority(other))) continue;
    for (const name of await encryptKeys(other, passphrase, previous)) written.push(join(basename(other), name));
  }
  return written;
}

async function encryptKeys(folder: string, passphrase: string, previous?: string): Promise<readonly string[]> {
  const { rootKeyPem, issuingKeyPem, ...certificates } = await readAuthority(folder);
  const issuing = await asAuthority(unsealFromBefore(issuingKeyPem, passphrase, previous));
  const root =
    rootKeyPem === undefined ? undefined : await asAuthority(unsealFromBefore(rootKeyPem, passphrase, previous));
  // Nothing is changed in a CA that is not whole.
  CertificateAuthority.load({
    ...certificates,
    issuingKeyPem: issuing.text,
    ...(root === undefined ? {} : { rootKeyPem: root.text }),
  });
  const files = new PrivateFolder(folder);
  const written: string[] = [];
  for (const [name, key] of [
    [AUTHORITY_FILES.rootKeyPem, root],
    [AUTHORITY_FILES.issuingKeyPem, issuing],
  ] as const) {
    if (key === undefined || key.done) continue;
    await files.replace(name, await seal(key.text, passphrase));
    written.push(name);
  }
  return written;
}

/**
 * Removes the root's key from the folder, for a root that is kept offline.
 * @throws QconnError `credential_unwritable`
 */
export async function removeRootKey(folder: string): Promise<void> {
  await new PrivateFolder(folder).remove(AUTHORITY_FILES.rootKeyPem);
}

/** What is damaged is the CA here, and what is to be done about it differs from what a machine does. */
async function asAuthority<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    if (isQconnError(error, 'credential_damaged')) throw new QconnError('ca_unusable', error.message, { cause: error });
    throw error;
  }
}
