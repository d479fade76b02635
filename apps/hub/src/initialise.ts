import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { systemClock, type Clock } from '@qconn/clock';
import { CertificateAuthority, formatSecret, generateSecret, hashSecret } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import { makeFolder, readPassphrase } from '@qconn/startup';
import { openStore, type RoleGrant, type Store } from '@qconn/store';
import { hasAuthority, loadAuthority, saveAuthority } from './authority/authority-files.ts';
import { authorityFolder } from './authority/authority-folders.ts';
import { HubAuthority } from './authority/hub-authority.ts';
import type { HubConfig } from './config/hub-config.ts';

/** What a new hub's administrator needs. */
export interface NewHub {
  readonly id: string;
  /** SHA-256 of the root CA's public key, hex. */
  readonly pin: string;
  /** `qb1…`: exchanged once for the first administrator's key. */
  readonly bootstrapSecret: string;
}

/** The role that may do everything that an administrator does; others are made from parts of it. */
const ADMIN_GRANTS: readonly RoleGrant[] = [{ effect: 'allow', verb: 'admin', serviceTypes: ['*'] }];

/** Opens the hub's database: PostgreSQL where the configuration names one, else the embedded one in the data folder. */
export async function openHubStore(config: HubConfig): Promise<Store> {
  if (config.database.url !== undefined) return openStore({ url: config.database.url });
  await makeDataFolder(config.dataFolder);
  return openStore({ folder: databaseFolder(config) });
}

/**
 * As {@link openHubStore}, for a hub that is to be there already: the wrong folder is told as that, and no database made in it.
 * @throws QconnError `not_initialised`
 */
export async function openStoreOfHub(config: HubConfig): Promise<Store> {
  if (config.database.url === undefined && !existsSync(databaseFolder(config))) throw await notInitialised(config);
  return openHubStore(config);
}

/** Of the embedded database. */
function databaseFolder({ dataFolder }: HubConfig): string {
  return join(dataFolder, 'db');
}

/**
 * Reads the hub's CA from the data folder, as far as its rotation has come.
 * @throws QconnError `not_initialised`, `ca_unusable`, `credential_exposed`, `passphrase_wrong`, `config_invalid`
 */
export async function openHubAuthority(
  { dataFolder, ca }: HubConfig,
  store: Store,
  clock: Clock = systemClock,
): Promise<HubAuthority> {
  const passphrase = await readPassphrase(ca, 'ca.passphraseFile');
  return HubAuthority.open({ folder: authorityFolder(dataFolder), passphrase, store, clock });
}

async function loadHubAuthority({ dataFolder, ca }: HubConfig): Promise<CertificateAuthority> {
  return loadAuthority(authorityFolder(dataFolder), await readPassphrase(ca, 'ca.passphraseFile'));
}

/**
 * Whether a hub is there: a CA and a hub's row in the database.
 * @throws QconnError `ca_unusable` for a row without its CA: another data folder than the hub's, or one that was lost
 */
export async function isInitialised({ dataFolder }: HubConfig, store: Store): Promise<boolean> {
  const folder = authorityFolder(dataFolder);
  const [hub, hasCa] = await Promise.all([store.hub.find(), hasAuthority(folder)]);
  if (hub !== undefined && !hasCa)
    throw new QconnError(
      'ca_unusable',
      `The database holds the hub ${hub.id}, but there is no CA in ${folder}: is that the hub’s data folder?`,
    );
  return hub !== undefined;
}

/** For who wants to run a hub that {@link isInitialised} does not find. */
export async function notInitialised({ dataFolder }: HubConfig): Promise<QconnError> {
  const message = (await hasAuthority(authorityFolder(dataFolder)))
    ? `There is a CA in ${dataFolder}, but the database holds no hub: it is another one than the hub’s, or the hub was never finished.`
    : `There is no hub in ${dataFolder} yet.`;
  return new QconnError('not_initialised', message);
}

/**
 * Makes a hub: CA, database, first role, bootstrap secret. A CA that an interrupted try has left is used.
 * @param brought a CA from elsewhere, instead of a new one
 * @throws QconnError `already_initialised`; as {@link isInitialised} and {@link openHubAuthority}
 */
export async function initialise(
  config: HubConfig,
  store: Store,
  clock: Clock,
  brought?: CertificateAuthority,
): Promise<NewHub> {
  if (await isInitialised(config, store))
    throw new QconnError('already_initialised', 'The database holds a hub already.');
  await makeDataFolder(config.dataFolder);
  const folder = authorityFolder(config.dataFolder);
  const now = clock.now();
  if (brought !== undefined || !(await hasAuthority(folder))) {
    const made = brought ?? (await CertificateAuthority.create({ name: 'qconn', now }));
    await saveAuthority(folder, made, await readPassphrase(config.ca, 'ca.passphraseFile'));
  }
  const authority = await loadHubAuthority(config);
  const bootstrap = generateSecret('qb', authority.rootPin);
  const id = randomUUID();
  await store.roles.put({ name: 'admin', grants: ADMIN_GRANTS, actor: 'hub', now });
  await store.hub.initialise({
    id,
    bootstrap: { id: bootstrap.idText, secretHash: hashSecret(bootstrap.secret) },
    actor: 'hub',
    now,
  });
  return { id, pin: authority.rootPinHex, bootstrapSecret: formatSecret('qb', bootstrap) };
}

/**
 * Makes a new bootstrap secret, for whoever is at the hub's host and has lost every key. The old one is void. As its key will
 * have the role `admin`, that role is made what it was at first, should somebody have edited or deleted it.
 */
export async function renewBootstrap(config: HubConfig, store: Store, clock: Clock): Promise<string> {
  const { issuing } = await openHubAuthority(config, store, clock);
  const bootstrap = generateSecret('qb', issuing.rootPin);
  await restoreAdminRole(store, clock.now());
  await store.hub.renewBootstrap({
    id: bootstrap.idText,
    secretHash: hashSecret(bootstrap.secret),
    actor: 'hub-host',
    now: clock.now(),
  });
  return formatSecret('qb', bootstrap);
}

async function restoreAdminRole(store: Store, now: number): Promise<void> {
  const role = await store.roles.find('admin');
  if (!isDeepStrictEqual(role?.grants, ADMIN_GRANTS))
    await store.roles.put({ name: 'admin', grants: ADMIN_GRANTS, actor: 'hub-host', now });
}

/** @throws QconnError `credential_unwritable`, as for a folder of another user */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder, 0o700);
    await chmod(folder, 0o700);
  } catch (cause) {
    throw new QconnError('credential_unwritable', `The data folder ${folder} cannot be made and kept private.`, {
      cause,
    });
  }
}
