import { QconnError } from '@qconn/protocol';
import { HubApi } from '../api/hub-api.ts';
import type { Surroundings } from '../surroundings.ts';
import { chooseProfile } from './choose-profile.ts';
import { configFolder } from './config-folder.ts';
import { credentialStore } from './credential-store.ts';
import { hubAddress } from './hub-address.ts';
import { ProfileFile } from './profile-file.ts';
import { trustFrom } from './trust.ts';

/**
 * The hub's API as the chosen profile reaches it. QCONN_HUB, QCONN_KEY and QCONN_PIN or QCONN_TRUST go before
 * the profile's values; with all three no profile is needed.
 * A machine credential goes before all of them.
 * @throws QconnError `credential_missing`, `credential_damaged`, `credential_exposed`; `unauthenticated` when there is no profile, and why a profile or variable cannot be used
 */
export async function openHub(
  { profile: profileName, credential }: { readonly profile?: string; readonly credential?: string },
  env: Surroundings['env'],
): Promise<HubApi> {
  const given = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const folder = credential ?? given('QCONN_CREDENTIAL');
  if (folder !== undefined) return openHubAsMachine(folder, given('QCONN_HUB'), env);
  const [hub, key, pin, file] = ['QCONN_HUB', 'QCONN_KEY', 'QCONN_PIN', 'QCONN_TRUST'].map(given);
  const complete = hub !== undefined && key !== undefined && (pin !== undefined || file !== undefined);
  const profile = complete ? undefined : await readProfile(profileName ?? given('QCONN_PROFILE'), env);
  const url = hubAddress(hub ?? profile?.hub ?? '');
  const trustPem = (await trustFrom({ pin, file }, url)) ?? profile?.trustPem ?? [];
  return new HubApi({ url, trustPem, key: key?.trim() ?? profile?.key });
}

/** Whom to trust, and where the hub is, the credential says itself. */
async function openHubAsMachine(
  folder: string,
  address: string | undefined,
  env: Surroundings['env'],
): Promise<HubApi> {
  const { privateKeyPem, chainPem, trustBundlePem, hub } = await (await credentialStore(folder, env)).load();
  return new HubApi({
    url: hubAddress(address ?? hub.https),
    trustPem: trustBundlePem,
    machine: { keyPem: privateKeyPem, chainPem },
  });
}

async function readProfile(
  name: string | undefined,
  env: Surroundings['env'],
): Promise<{ hub: string; trustPem: readonly string[]; key: string }> {
  const file = new ProfileFile(configFolder(env));
  const chosen = chooseProfile(await file.load(), name);
  if (chosen === undefined)
    throw new QconnError('unauthenticated', `You are not logged in to a hub: there is no profile in ${file.path}.`);
  return chosen.profile;
}
