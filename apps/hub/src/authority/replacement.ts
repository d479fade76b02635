import { PrivateFolder, type AuthorityPem } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';

/** Files of the CA in its folder. The root's key may be taken away to a safe place; the hub runs without it. */
export const AUTHORITY_FILES = {
  rootKeyPem: 'root.key',
  rootPem: 'root.pem',
  issuingKeyPem: 'issuing.key',
  issuingPem: 'issuing.pem',
} as const;

/** Most bytes of one of the files: a sealed RSA key or a chain of certificates has less than a tenth. */
export const AUTHORITY_FILE_MAX_BYTES: number = 128 * 1024;

/** A CA that is about to take the place of the one in the folder, whole, in one file. */
const JOURNAL = 'replacement.json';

/**
 * Puts another CA in the place of the one in the folder. From the moment its journal is written it is the CA of the folder:
 * a crash in between is mended by whoever reads the folder next.
 * @throws QconnError `credential_unwritable`; then the CA is the one before, or the new one
 */
export async function replaceAuthority(folder: string, stored: AuthorityPem): Promise<void> {
  await new PrivateFolder(folder).replace(JOURNAL, JSON.stringify(stored));
  await finishReplacement(folder);
}

/** Finishes what a crash has interrupted; mostly there is nothing. @throws QconnError `ca_unusable`, `credential_…` */
export async function finishReplacement(folder: string): Promise<void> {
  const files = new PrivateFolder(folder);
  const journal = await files.read(JOURNAL, 4 * AUTHORITY_FILE_MAX_BYTES);
  if (journal === undefined) return;
  const stored = parse(journal, folder);
  for (const [part, name] of Object.entries(AUTHORITY_FILES) as [keyof AuthorityPem, string][]) {
    const text = stored[part];
    if (text === undefined) await files.remove(name);
    else await files.replace(name, text);
  }
  await files.remove(JOURNAL);
}

/** The error does not quote the journal: it holds keys. */
function parse(journal: string, folder: string): AuthorityPem {
  try {
    return JSON.parse(journal) as AuthorityPem;
  } catch {
    throw new QconnError('ca_unusable', `The file ${JOURNAL} in ${folder} cannot be read.`);
  }
}
