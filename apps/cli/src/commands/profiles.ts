import type { Command } from 'commander';
import { pinOf } from '../api/pin.ts';
import type { Invocation } from '../invocation.ts';
import { configFolder } from '../profile/config-folder.ts';
import { ProfileFile } from '../profile/profile-file.ts';
import { keyIdOf, type Profile } from '../profile/profile.ts';

const COLUMNS = [{ title: 'PROFILE' }, { title: 'HUB', cut: true }, { title: 'KEY' }, { title: 'PIN OF THE ROOT CA' }];

export function addProfiles(parent: Command, invocation: Invocation): void {
  parent
    .command('profiles')
    .description('list the hubs that you are logged in to, without the keys')
    .action(async () => {
      const profiles = await new ProfileFile(configFolder(invocation.env)).load();
      const items = [...profiles].map(([name, profile]) => withoutKey(name, profile));
      if (invocation.json || items.length > 0)
        invocation.show({ items }, () =>
          invocation.table(
            COLUMNS,
            items.map(({ name, hub, keyId, pins }) => [name, hub, keyId ?? 'damaged', pins.join(', ')]),
          ),
        );
      else invocation.note('You are not logged in to any hub: qconn login URL');
    });
}

function withoutKey(
  name: string,
  profile: Profile,
): { name: string; hub: string; keyId: string | undefined; pins: string[] } {
  return { name, hub: profile.hub, keyId: keyIdOf(profile), pins: profile.trustPem.map(pinOf) };
}
