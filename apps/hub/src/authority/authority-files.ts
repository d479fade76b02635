import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CertificateAuthority, type AuthorityPem } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';

/** Files of the CA in its folder. The root's key may be taken away to a safe place; the hub runs without it. */
const FILES = {
  rootKeyPem: 'root.key',
  rootPem: 'root.pem',
  issuingKeyPem: 'issuing.key',
  issuingPem: 'issuing.pem',
} as const;

/** The folder of the CA in the hub's data folder. */
export function authorityFolder(dataFolder: string): string {
  return join(dataFolder, 'ca');
}

/** Whether a CA is there. */
export async function hasAuthority(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    () => false,
  );
}

/**
 * Writes a new CA's files: all of them or none, mode 0600 in a folder of mode 0700.
 * @throws QconnError `already_initialised` when a CA is there
 */
export async function saveAuthority(folder: string, authority: CertificateAuthority): Promise<void> {
  if (await hasAuthority(folder)) throw new QconnError('already_initialised', `There is a CA in ${folder} already.`);
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  await chmod(unfinished, 0o700);
  for (const [part, pem] of Object.entries(authority.toPem()))
    await writePrivate(join(unfinished, FILES[part as keyof typeof FILES]), pem as string);
  await rename(unfinished, folder);
}

/**
 * Reads the CA.
 * @throws QconnError `not_initialised` when there is none, `ca_unusable`
 */
export async function loadAuthority(folder: string): Promise<CertificateAuthority> {
  if (!(await hasAuthority(folder))) throw new QconnError('not_initialised', `There is no CA in ${folder}.`);
  const rootKeyPem = await readOptional(join(folder, FILES.rootKeyPem));
  const pem: AuthorityPem = {
    ...(rootKeyPem === undefined ? {} : { rootKeyPem }),
    rootPem: await readRequired(join(folder, FILES.rootPem)),
    issuingKeyPem: await readRequired(join(folder, FILES.issuingKeyPem)),
    issuingPem: await readRequired(join(folder, FILES.issuingPem)),
  };
  return CertificateAuthority.load(pem);
}

async function writePrivate(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function readRequired(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new QconnError('ca_unusable', `The CA’s file ${path} cannot be read.`, { cause });
  }
}

async function readOptional(path: string): Promise<string | undefined> {
  return hasAuthority(path).then((there) => (there ? readRequired(path) : undefined));
}
