import type { Command } from 'commander';
import { pinOf } from '../api/pin.ts';
import type { Invocation } from '../invocation.ts';
import { type ListStyle, showList } from '../output/list.ts';
import { configFolder } from '../profile/config-folder.ts';
import { ProfileFile } from '../profile/profile-file.ts';
import { keyIdOf, type Profile } from '../profile/profile.ts';

interface Shown {
  readonly name: string;
  readonly hub: string;
  /** Undefined for a key that is damaged. */
  readonly keyId: string | undefined;
  readonly pins: readonly string[];
}

const STYLE: ListStyle<Shown> = {
  columns: [{ title: 'PROFILE' }, { title: 'HUB', cut: true }, { title: 'KEY' }, { title: 'PIN OF THE ROOT CA' }],
  rows: ({ name, hub, keyId, pins }) => [[name, hub, keyId ?? 'damaged', pins.join(', ')]],
  nothing: 'You are not logged in to any hub: qconn login URL',
};

export function addProfiles(parent: Command, invocation: Invocation): void {
  parent
    .command('profiles')
    .description('list the hubs that you are logged in to, without the keys')
    .action(async () => {
      const profiles = await new ProfileFile(configFolder(invocation.env)).load();
      const items = [...profiles].map(([name, profile]) => withoutKey(name, profile));
      showList({ items }, STYLE, invocation);
    });
}

function withoutKey(name: string, profile: Profile): Shown {
  return { name, hub: profile.hub, keyId: keyIdOf(profile), pins: profile.trustPem.map(pinOf) };
}
