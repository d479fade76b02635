import type { Command } from 'commander';
import type { Invocation } from '../invocation.ts';

export function addWhoami(parent: Command, invocation: Invocation): void {
  parent
    .command('whoami')
    .description('show whom the hub takes you for, and what you may administer')
    .action(async () => {
      const hub = await invocation.hub();
      const caller = await hub.whoami();
      invocation.show(caller, () =>
        invocation.card([
          ['hub', hub.origin],
          [caller.kind === 'key' ? 'API key' : 'machine', caller.name.replace(/^the (key|machine) /, '')],
          ['actor', caller.actor],
          ['roles', caller.roles.join(', ') || 'none'],
          ['may', caller.actions.join(', ') || 'administer nothing'],
          ['ends', caller.endsAt === null ? undefined : invocation.when(caller.endsAt)],
        ]),
      );
    });
}
