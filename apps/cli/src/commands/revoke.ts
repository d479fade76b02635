import type { Command } from 'commander';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';
import { machineCard, machineName } from '../output/machine-text.ts';
import { MACHINE_ARGUMENT } from './machine.ts';

interface Options {
  readonly reason?: string;
  readonly yes?: boolean;
}

export function addRevoke(parent: Command, invocation: Invocation): void {
  const command = parent
    .command('revoke')
    .argument('<machine>', MACHINE_ARGUMENT)
    .description(
      'revoke a machine for good: its connection is closed within a second; it has to enrol again with a new key',
    )
    .option('--reason <text>', 'for the audit trail')
    .option('-y, --yes', 'do not ask')
    .action((name: string, options: Options) => revoke(name, options, invocation));
  withExamples(command, [['qconn revoke kiosk-17 --reason "stolen"', 'asks before it does']]);
}

async function revoke(name: string, { reason, yes }: Options, invocation: Invocation): Promise<void> {
  const hub = await invocation.hub();
  const machine = await hub.machine(name);
  if (yes !== true) invocation.note(machineCard(machine, invocation).trimEnd());
  if (!(await invocation.confirmed(`Revoke ${machineName(machine)} for good?`, yes))) return invocation.declined();
  const revoked = await hub.revoke(machine.fingerprint, { reason });
  invocation.show(revoked, () => `${machineName(revoked)} is revoked.\n`);
}
