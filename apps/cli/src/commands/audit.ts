import type { Command } from 'commander';
import type { PageChoice } from '../api/hub-api.ts';
import type { AuditRow } from '../api/views.ts';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';
import { changeText } from '../output/change-text.ts';
import { showList } from '../output/list.ts';
import type { Cell } from '../output/table.ts';
import { withPageOptions } from './page-options.ts';

interface Options extends PageChoice {
  readonly subject?: string;
  readonly act?: string;
}

const COLUMNS = [
  { title: 'WHEN' },
  { title: 'WHO', cut: true },
  { title: 'ACT' },
  { title: 'SUBJECT', cut: true },
  { title: 'CHANGE', cut: true },
];

export function addAudit(parent: Command, invocation: Invocation): void {
  const command = withPageOptions(parent.command('audit'))
    .description('show the audit trail, the newest first: who did what to whom')
    .option('--subject <id>', 'only acts on this fingerprint, role, token or key')
    .option('--act <name>', 'only these, such as machine.approve')
    .action(async ({ subject, act, ...choice }: Options) => {
      const page = await (await invocation.hub()).audit({ subject, act }, choice);
      const style = {
        columns: COLUMNS,
        rows: (item: AuditRow) => [row(item, invocation)],
        nothing: 'There is no such act.',
      };
      showList(page, style, invocation);
    });
  withExamples(command, [
    ['qconn audit --limit 20', 'the last twenty acts'],
    ['qconn audit --act machine.revoke --json --all', 'every revocation, with before and after'],
  ]);
}

function row({ at, actor, act, subject, before, after }: AuditRow, invocation: Invocation): Cell[] {
  return [invocation.when(at), actor, act, subject, changeText(before, after)];
}
