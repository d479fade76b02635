import { rm } from 'node:fs/promises';
import { CertificateAuthority } from '@qconn/identity';
import { loadAuthority, saveAuthority, sealed } from './authority-files.ts';
import { previousFolder } from './authority-folders.ts';
import { replaceAuthority } from './replacement.ts';

/**
 * Makes a new issuing CA below the same root, in the CA's folder. The one before is kept aside for its revocation list.
 * @param rootKeyPem the root's private key, where it is not in the folder
 * @returns the CA as it stays there: with the root's key only if that was there before
 * @throws QconnError as `loadAuthority`; `ca_unusable` without the root's key
 */
export async function renewIssuingIn(
  folder: string,
  { passphrase, now, rootKeyPem }: { passphrase: string | undefined; now: number; rootKeyPem?: string | undefined },
): Promise<CertificateAuthority> {
  const current = await loadAuthority(folder, passphrase);
  const able = rootKeyPem === undefined ? current : CertificateAuthority.load({ ...current.toPem(), rootKeyPem });
  const renewed = await able.renewIssuing({ now });
  await rm(previousFolder(folder), { recursive: true, force: true });
  await saveAuthority(previousFolder(folder), current.withoutRootKey(), passphrase);
  const stays = current.holdsRootKey ? renewed : renewed.withoutRootKey();
  await replaceAuthority(folder, await sealed(stays, passphrase));
  return stays;
}
