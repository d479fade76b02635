import { systemClock } from '@qconn/clock';
import { CertificateAuthority } from '@qconn/identity';
import { EXIT_OK, readPassphrase } from '@qconn/startup';
import { saveAuthority } from '../authority/authority-files.ts';
import { authorityFolder } from '../authority/authority-folders.ts';
import type { HubConfig } from '../config/hub-config.ts';
import { makeDataFolder } from '../initialise.ts';

export interface CaCreateOptions {
  /** Begins the names of root and issuing CA. */
  readonly name?: string;
  readonly json?: boolean;
}

/**
 * `qconn-hub ca create`: a CA and nothing else, to take its root offline before there is a hub. `init` then uses it.
 * @throws QconnError `already_initialised`, `invalid_request` (name), `config_invalid`
 */
export async function caCreate(config: HubConfig, { name, json = false }: CaCreateOptions): Promise<number> {
  const folder = authorityFolder(config.dataFolder);
  const authority = await CertificateAuthority.create({
    ...(name === undefined ? {} : { name }),
    now: systemClock.now(),
  });
  await makeDataFolder(config.dataFolder);
  await saveAuthority(folder, authority, await readPassphrase(config.ca, 'ca.passphraseFile'));
  const pin = authority.rootPinHex;
  process.stdout.write(
    json ? `${JSON.stringify({ folder, pin })}\n` : `A new CA is in ${folder}.\n  root CA pin  ${pin}\n`,
  );
  return EXIT_OK;
}
