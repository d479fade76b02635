import { QconnError } from '@qconn/protocol';
import type { Command } from 'commander';
import type { Machine } from '../api/views.ts';
import { withExamples } from '../help.ts';
import { gatherKeyValue, keyValuesText } from '../input/key-value.ts';
import { parseNames } from '../input/names.ts';
import type { Invocation } from '../invocation.ts';
import { machineName } from '../output/machine-text.ts';
import { MACHINE_ARGUMENT } from './machine.ts';

interface Options {
  readonly roles?: string[];
  readonly label?: Readonly<Record<string, string>>;
  readonly clearLabels?: boolean;
}

export function addRights(parent: Command, invocation: Invocation): void {
  const command = parent
    .command('rights')
    .argument('<machine>', MACHINE_ARGUMENT)
    .description('replace a machine’s roles, its labels, or both; what is not given stays')
    .option('--roles <a,b>', 'the roles that it shall have, all of them; or none', parseNames)
    .option('--label <key=value>', 'a label that it shall have; give all of them', gatherKeyValue)
    .option('--clear-labels', 'take every label away')
    .action((name: string, options: Options) => setRights(name, options, invocation));
  withExamples(command, [
    ['qconn rights printer-pc --roles printer,scale', 'two roles, whatever it had before'],
    ['qconn rights printer-pc --label site=oslo', 'one label; the roles stay'],
    ['qconn rights printer-pc --roles none', 'it stays authorized and may do nothing'],
  ]);
}

async function setRights(name: string, { roles, label, clearLabels }: Options, invocation: Invocation): Promise<void> {
  if (label !== undefined && clearLabels === true)
    throw new QconnError('usage', 'Give --label or --clear-labels, not both.');
  const labels = clearLabels === true ? {} : label;
  if (roles === undefined && labels === undefined)
    throw new QconnError('usage', 'Nothing to change: give --roles, --label or --clear-labels.');
  const hub = await invocation.hub();
  const before = await hub.machine(name);
  const after = await hub.assign(before.fingerprint, { roles, labels }, before.version);
  invocation.show(after, () => `${machineName(after)}\n${changeText(before, after)}`);
}

function changeText(before: Machine, after: Machine): string {
  const line = (what: string, old: string, now: string): string =>
    `  ${what}  ${old === now ? now || 'none' : `${old || 'none'}  →  ${now || 'none'}`}\n`;
  return (
    line('roles ', before.roles.join(', '), after.roles.join(', ')) +
    line('labels', keyValuesText(before.labels), keyValuesText(after.labels))
  );
}
