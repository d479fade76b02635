import { QconnError } from '@qconn/protocol';
import type { Command } from 'commander';
import type { Invocation } from '../invocation.ts';
import { chooseProfile } from '../profile/choose-profile.ts';
import { configFolder } from '../profile/config-folder.ts';
import { ProfileFile } from '../profile/profile-file.ts';
import { keyIdOf } from '../profile/profile.ts';

export function addLogout(parent: Command, invocation: Invocation): void {
  parent
    .command('logout')
    .description('forget a profile and its key; the key itself stays valid until it is revoked')
    .action(async () => {
      const file = new ProfileFile(configFolder(invocation.env));
      const profiles = await file.load();
      const chosen = chooseProfile(
        profiles,
        invocation.options.profile ?? (invocation.env['QCONN_PROFILE'] || undefined),
      );
      if (chosen === undefined)
        throw new QconnError('unauthenticated', `You are not logged in: there is no profile in ${file.path}.`);
      profiles.delete(chosen.name);
      await file.save(profiles);
      const keyId = keyIdOf(chosen.profile);
      invocation.show(
        { profile: chosen.name, hub: chosen.profile.hub, keyId },
        () => `Forgot the profile ${chosen.name} (${chosen.profile.hub}).\n`,
      );
      if (keyId !== undefined && !invocation.json)
        invocation.note(`The key is still good for whoever has it. To end that: qconn key revoke ${keyId}`);
    });
}
