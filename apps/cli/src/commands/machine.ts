import type { Command } from 'commander';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';
import { machineCard } from '../output/machine-text.ts';

/** How commands describe their argument MACHINE. */
export const MACHINE_ARGUMENT = 'hostname, fingerprint (qc1…), or short code';

export function addMachine(parent: Command, invocation: Invocation): void {
  const command = parent
    .command('machine')
    .argument('<machine>', MACHINE_ARGUMENT)
    .description('show a machine')
    .action(async (name: string) => {
      const machine = await (await invocation.hub()).machine(name);
      invocation.show(machine, () => machineCard(machine, invocation));
    });
  withExamples(command, [
    ['qconn machine printer-pc', 'by hostname'],
    ['qconn machine K7QM-2XPD', 'a pending one by its short code'],
  ]);
}
