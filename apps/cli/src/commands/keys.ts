import type { Command } from 'commander';
import type { PageChoice } from '../api/hub-api.ts';
import type { Key } from '../api/views.ts';
import type { Invocation } from '../invocation.ts';
import { showList } from '../output/list.ts';
import { expiryText } from '../output/machine-text.ts';
import type { Cell } from '../output/table.ts';
import { withPageOptions } from './page-options.ts';

const COLUMNS = [
  { title: 'ID' },
  { title: 'NAME', cut: true },
  { title: 'ROLES', cut: true },
  { title: 'STATE' },
  { title: 'MADE' },
  { title: 'BY', cut: true },
];

export function addKeys(parent: Command, invocation: Invocation): void {
  withPageOptions(parent.command('keys'))
    .description('list API keys, without their secrets')
    .action(async (choice: PageChoice) => {
      const page = await (await invocation.hub()).keys(choice);
      const style = { columns: COLUMNS, rows: (key: Key) => [row(key, invocation)], nothing: 'There is no API key.' };
      showList(page, style, invocation);
    });
}

function row(key: Key, invocation: Invocation): Cell[] {
  const { id, name, roles, createdAt, createdBy } = key;
  return [id, name, roles.join(', ') || '–', stateCell(key, invocation), invocation.when(createdAt), createdBy];
}

function stateCell({ revokedAt, expiresAt }: Key, invocation: Invocation): Cell {
  if (revokedAt !== null) return { text: 'revoked', colour: 'red' };
  const expired = Date.parse(expiresAt) <= invocation.surroundings.now();
  return { text: expiryText(expiresAt, invocation), colour: expired ? 'dim' : 'green' };
}
