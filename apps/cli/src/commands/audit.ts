import type { Command } from 'commander';
import type { PageChoice } from '../api/hub-api.ts';
import type { AuditRow } from '../api/views.ts';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';
import type { Cell } from '../output/table.ts';
import { notePage, withPageOptions } from './page-options.ts';

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
      if (invocation.json || page.items.length > 0)
        invocation.show(page, () =>
          invocation.table(
            COLUMNS,
            page.items.map((item) => row(item, invocation)),
          ),
        );
      notePage(page, invocation, 'There is no such act.');
    });
  withExamples(command, [
    ['qconn audit --limit 20', 'the last twenty acts'],
    ['qconn audit --act machine.revoke --json --all', 'every revocation, with before and after'],
  ]);
}

function row({ at, actor, act, subject, before, after }: AuditRow, invocation: Invocation): Cell[] {
  return [invocation.when(at), actor, act, subject, changeText(before, after)];
}

/** What differs between two objects, `status: pending → authorized`; of one that is new or gone, what it says. */
export function changeText(before: unknown, after: unknown): string {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    const changed = keys.filter((key) => compact(before[key]) !== compact(after[key]));
    return changed.map((key) => `${key}: ${compact(before[key])} → ${compact(after[key])}`).join('; ');
  }
  return [before, after]
    .map(wholeText)
    .filter((text) => text !== '')
    .join(' → ');
}

/** What an object says; a field that says nothing is left out, and so is the time, which has a column. */
function wholeText(value: unknown): string {
  if (!isObject(value)) return compact(value) === '–' ? '' : compact(value);
  const telling = Object.entries(value).filter(
    ([key, field]) => !key.endsWith('At') && !['–', '[]', '{}', 'false'].includes(compact(field)),
  );
  return telling.map(([key, field]) => `${key}: ${compact(field)}`).join('; ');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function compact(value: unknown): string {
  if (value === undefined || value === null) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
