import type { Command } from 'commander';
import { pinOf } from '../api/pin.ts';
import { takeOverTrust } from '../profile/adopt-trust.ts';
import type { Invocation } from '../invocation.ts';

export function addHub(parent: Command, invocation: Invocation): void {
  parent
    .command('hub')
    .description('show which hub this is, and whether it is ready; takes over the roots that it trusts')
    .action(async () => {
      const hub = await invocation.hub();
      const { id, quicPort, rootPem } = await hub.hub();
      await takeOverTrust(hub, invocation);
      await hub.ready();
      const facts = { url: hub.origin, id, quicPort, pin: pinOf(rootPem), ready: true };
      invocation.show(facts, () =>
        invocation.card([
          ['hub', facts.url],
          ['id', id],
          ['QUIC', `UDP port ${quicPort}`],
          ['pin of the root CA', facts.pin],
          ['ready', { text: 'yes', colour: 'green' }],
        ]),
      );
    });
}
