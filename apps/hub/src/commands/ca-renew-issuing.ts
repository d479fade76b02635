import { readFile } from 'node:fs/promises';
import { systemClock } from '@qconn/clock';
import { isSealed, unseal } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import { EXIT_OK, readPassphrase } from '@qconn/startup';
import { hasAuthority } from '../authority/authority-files.ts';
import { authorityFolder, nextFolder } from '../authority/authority-folders.ts';
import { renewIssuingIn } from '../authority/renew-issuing.ts';
import type { HubConfig } from '../config/hub-config.ts';

export interface CaRenewIssuingOptions {
  /** File of the root's private key, which is kept elsewhere; it is read and not kept. */
  readonly rootKey?: string;
  readonly json?: boolean;
}

/**
 * `qconn-hub ca renew-issuing`: a new issuing CA below the same root. A hub that runs takes it over within a minute.
 * @throws QconnError `usage`, `invalid_state` during a rotation, `ca_unusable` without the root's key, `passphrase_wrong`
 */
export async function caRenewIssuing(
  config: HubConfig,
  { rootKey, json = false }: CaRenewIssuingOptions,
): Promise<number> {
  const folder = authorityFolder(config.dataFolder);
  const passphrase = await readPassphrase(config.ca, 'ca.passphraseFile');
  if (await hasAuthority(nextFolder(folder)))
    throw new QconnError(
      'invalid_state',
      'The root is being replaced, and a new issuing CA with it: `qconn ca status`.',
    );
  const rootKeyPem = rootKey === undefined ? undefined : await readRootKey(rootKey, passphrase);
  const renewed = await renewIssuingIn(folder, { passphrase, now: systemClock.now(), rootKeyPem });
  const notAfter = new Date(renewed.issuingNotAfterMs).toISOString();
  process.stdout.write(
    json
      ? `${JSON.stringify({ folder, notAfter })}\n`
      : `The issuing CA in ${folder} is new and ends ${notAfter}. A hub that runs takes it over within a minute.\n`,
  );
  return EXIT_OK;
}

async function readRootKey(path: string, passphrase: string | undefined): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new QconnError('usage', `The root’s key ${path} cannot be read.`, { cause });
  });
  return isSealed(text) ? unseal(text, passphrase) : text;
}
