import type { Command } from 'commander';
import type { Reloaded, ShownSetting } from '../api/views.ts';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';
import { type ListStyle, showList } from '../output/list.ts';
import { printable } from '../output/printable.ts';
import type { Cell } from '../output/table.ts';

const STYLE: ListStyle<ShownSetting> = {
  columns: [{ title: 'SETTING' }, { title: 'VALUE', cut: true }, { title: 'RELOAD' }],
  rows: (setting) => [row(setting)],
  nothing: 'The hub has no settings.',
};

export function addConfig(parent: Command, invocation: Invocation): void {
  const config = parent.command('config').description('the hub’s configuration: show what is in force, read it anew');
  config
    .command('show')
    .description('show every setting as it is in force; secrets are not shown')
    .action(async () => showList(await (await invocation.hub()).config(), STYLE, invocation));
  const reload = config
    .command('reload')
    .description('have the hub read its configuration anew, as SIGHUP does; a mistake anywhere changes nothing')
    .action(async () => {
      const reloaded = await (await invocation.hub()).reloadConfig();
      invocation.show(reloaded, () => reloadedText(reloaded));
    });
  withExamples(reload, [['qconn config reload', 'after a limit was changed in the hub’s file']]);
}

function row({ setting, value, secret, reloadable }: ShownSetting): Cell[] {
  const shown: Cell = secret ? { text: '(secret)', colour: 'dim' } : valueText(value);
  return [setting, shown, reloadable ? 'yes' : { text: 'restart', colour: 'dim' }];
}

function reloadedText({ changed, needRestart }: Reloaded): string {
  const lines = changed.map(
    ({ setting, before, after }) => `${setting}: ${valueText(before)}  →  ${valueText(after)}\n`,
  );
  const rest =
    needRestart.length === 0 ? '' : `Changed, and in force only after a restart: ${needRestart.join(', ')}\n`;
  return (lines.join('') || 'Nothing that a reload puts in force has changed.\n') + rest;
}

function valueText(value: unknown): string {
  if (value === null) return '–';
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}
