import { EXIT_FAILED } from '@qconn/startup';
import type { Command } from 'commander';
import type { HubApi, PageChoice } from '../api/hub-api.ts';
import type { AuditRow, Page } from '../api/views.ts';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';
import { changeText } from '../output/change-text.ts';
import { showList } from '../output/list.ts';
import { printable } from '../output/printable.ts';
import type { Cell } from '../output/table.ts';
import { withPageOptions } from './page-options.ts';
import { untilInterrupted } from './watch.ts';

interface AuditFilter {
  readonly subject?: string | undefined;
  readonly act?: string | undefined;
  readonly actor?: string | undefined;
}

interface Options extends AuditFilter, PageChoice {
  readonly follow?: boolean;
}

interface ExportOptions {
  readonly afterRow?: string;
}

/** Rows that --follow begins with: enough to see where one is. */
const FIRST_ROWS = 10;

/** Rows of a page of an export: the most that the hub gives. */
const EXPORT_ROWS = 1_000;

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
    .option('--actor <id>', 'only what they did, such as key:3f…, token:… or machine:qc1…')
    .option('-f, --follow', 'the last ten, then each act as it comes, until Ctrl-C; with --json one object a line')
    .action((options: Options) => audit(options, invocation));
  command
    .command('export')
    .description('print the whole trail, the oldest first, one JSON object a line, with its hashes')
    .option('--after-row <id>', 'only rows after this one: what has come since the last export')
    .action((options: ExportOptions) => exportAudit(options, invocation));
  command
    .command('verify')
    .description('check that no row was changed or removed; exit code 1 if one was')
    .action(() => verifyAudit(invocation));
  withExamples(command, [
    ['qconn audit --limit 20', 'the last twenty acts'],
    ['qconn audit --follow', 'what is going on'],
    ['qconn audit --actor token:3f9c2a7d51e0b846', 'who came in with this token'],
    ['qconn audit --act machine.revoke --json --all', 'every revocation, with before and after'],
    ['qconn audit export > audit.jsonl', 'all of it, to keep elsewhere'],
    ['qconn audit --follow --json >> audit.jsonl', 'each act as it comes'],
    ['qconn audit verify', 'has somebody edited it?'],
  ]);
}

async function audit({ subject, act, actor, follow, ...choice }: Options, invocation: Invocation): Promise<void> {
  const hub = await invocation.hub();
  if (follow === true) return followAudit(hub, { subject, act, actor }, invocation);
  const page = await hub.audit({ subject, act, actor }, choice);
  const rows = (item: AuditRow): Cell[][] => [row(item, invocation)];
  showList(page, { columns: COLUMNS, rows, nothing: 'There is no such act.' }, invocation);
}

async function verifyAudit(invocation: Invocation): Promise<void> {
  const verdict = await (await invocation.hub()).verifyAudit();
  const { intact, rows, brokenAt, head } = verdict;
  invocation.show(verdict, () =>
    intact
      ? `${invocation.paint('intact', 'green')}: ${rows} rows, the last with the hash ${head}\n` +
        'Note the hash elsewhere: whoever can write to the database could make a whole new trail, and it would differ.\n'
      : `${invocation.paint('broken', 'red')}: row ${brokenAt} is missing or was changed; ${rows} rows before it are in order\n`,
  );
  if (!intact) invocation.exitCode = EXIT_FAILED;
}

/** Prints rows oldest first, each once: their ids only ever rise. */
async function followAudit(hub: HubApi, filter: AuditFilter, invocation: Invocation): Promise<void> {
  let last = -1;
  await untilInterrupted(invocation, async () => {
    const news = last < 0 ? (await hub.audit(filter, { limit: FIRST_ROWS })).items : await rowsAfter(hub, filter, last);
    last = news[0]?.id ?? Math.max(last, 0);
    for (const item of news.toReversed()) invocation.surroundings.stdout.write(`${lineOf(item, invocation)}\n`);
  });
}

/** Rows with a greater id than `last`, newest first, however many pages they are. */
async function rowsAfter(hub: HubApi, filter: AuditFilter, last: number): Promise<readonly AuditRow[]> {
  const { items } = await hub.audit({ ...filter, after: String(last), order: 'oldest' }, { all: true });
  return items.toReversed();
}

/** Page by page: a trail of years does not fit into memory. */
async function exportAudit({ afterRow = '0' }: ExportOptions, invocation: Invocation): Promise<void> {
  const hub = await invocation.hub();
  let next: string | undefined;
  do {
    const page: Page<AuditRow> = await hub.audit(
      { after: afterRow, order: 'oldest' },
      { limit: EXPORT_ROWS, after: next },
    );
    for (const item of page.items) invocation.surroundings.stdout.write(`${JSON.stringify(item)}\n`);
    next = page.next;
  } while (next !== undefined);
}

function lineOf(item: AuditRow, { json, paint }: Invocation): string {
  if (json) return JSON.stringify(item);
  const { at, actor, act, subject, before, after } = item;
  return `${paint(at, 'dim')}  ${printable([actor, act, subject, changeText(before, after)].join('  '))}`;
}

function row({ at, actor, act, subject, before, after }: AuditRow, invocation: Invocation): Cell[] {
  return [invocation.when(at), actor, act, subject, changeText(before, after)];
}
