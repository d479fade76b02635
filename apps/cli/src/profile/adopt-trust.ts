import type { HubApi } from '../api/hub-api.ts';
import type { Invocation } from '../invocation.ts';
import { chooseProfile } from './choose-profile.ts';
import { configFolder } from './config-folder.ts';
import { ProfileFile } from './profile-file.ts';

/**
 * Takes over the roots that a hub trusts into the profile that led to it: while its root is being replaced both, so that
 * the profile outlives the old one. Where no profile led there, nothing happens.
 */
export async function takeOverTrust(hub: HubApi, { options, env }: Invocation): Promise<void> {
  const file = new ProfileFile(configFolder(env));
  const profiles = await file.load();
  if (profiles.size === 0) return;
  const chosen = chooseProfile(profiles, options.profile ?? (env['QCONN_PROFILE'] || undefined));
  if (chosen === undefined || chosen.profile.hub !== hub.origin) return;
  const roots = (await hub.hub()).trust.roots.map(({ pem }) => pem);
  if (chosen.profile.trustPem.toSorted().join() === roots.toSorted().join()) return;
  await file.save(profiles.set(chosen.name, { ...chosen.profile, trustPem: roots }));
}
