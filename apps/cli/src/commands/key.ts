import type { Command } from 'commander';
import { withExamples } from '../help.ts';
import { parseSeconds } from '../input/duration.ts';
import { parseNames } from '../input/names.ts';
import type { Invocation } from '../invocation.ts';
import { expiryText } from '../output/machine-text.ts';

interface NewKey {
  readonly roles: string[];
  readonly ttl?: number;
}

export function addKey(parent: Command, invocation: Invocation): void {
  const key = parent.command('key').description('API keys for people and programs: create, revoke');
  const create = key
    .command('create')
    .argument('<name>', 'who or what it is for; shown in the audit trail')
    .description('make an API key: printed on standard output, shown this once')
    .requiredOption('--roles <a,b>', 'the roles whose admin grants it may use', parseNames)
    .option('--ttl <duration>', 'how long it is good (default 90d)', parseSeconds)
    .action((name: string, options: NewKey) => createKey(name, options, invocation));
  withExamples(create, [
    ['qconn key create "Ada Lovelace" --roles admin', 'another administrator'],
    ['qconn key create ci --roles enroller --ttl 30d', 'a program that may only make tokens'],
  ]);
  key
    .command('revoke')
    .argument('<id>', 'as `qconn keys` shows it')
    .description('revoke an API key: it is refused from now on')
    .option('-y, --yes', 'do not ask')
    .action((id: string, options: { readonly yes?: boolean }) => revokeKey(id, options, invocation));
}

async function createKey(name: string, { roles, ttl }: NewKey, invocation: Invocation): Promise<void> {
  const hub = await invocation.hub();
  const { key, record } = await hub.createKey({ name, roles, ttlSeconds: ttl });
  invocation.show({ key, record }, () => `${key}\n`);
  if (invocation.json) return;
  invocation.note(
    `\nThe key is shown this once; it ${expiryText(record.expiresAt, invocation)}. Its holder logs in with:`,
  );
  invocation.note(`\n  qconn login ${hub.origin} - --pin ${await hub.rootPin()}\n\nand pastes the key when asked.`);
}

async function revokeKey(id: string, { yes }: { readonly yes?: boolean }, invocation: Invocation): Promise<void> {
  const hub = await invocation.hub();
  if (!(await invocation.confirmed(`Revoke the API key ${id}? Whoever uses it is locked out.`, yes)))
    return invocation.declined();
  const record = await hub.revokeKey(id);
  invocation.show(record, () => `The API key ${record.id} (${record.name}) is revoked.\n`);
}
