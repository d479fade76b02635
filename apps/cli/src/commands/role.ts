import type { Command } from 'commander';
import { grantInWords, grantOptions } from '../grants/grant-text.ts';
import type { Invocation } from '../invocation.ts';
import { printable } from '../output/printable.ts';
import { addRoleExport } from './role-export.ts';
import { addRolePut } from './role-put.ts';

export function addRole(parent: Command, invocation: Invocation): void {
  const role = parent.command('role').description('one role: show, put (make or replace), delete; all of them: export');
  role
    .command('show')
    .argument('<name>')
    .description('show a role, and the command line that would make it; --json is what `role put --file` takes')
    .action((name: string) => show(name, invocation));
  addRolePut(role, invocation);
  addRoleExport(role, invocation);
  role
    .command('delete')
    .argument('<name>')
    .description('delete a role; refused while a machine or an API key has it')
    .option('--force', 'take it from those that have it')
    .option('-y, --yes', 'do not ask')
    .action((name: string, options: Deletion) => remove(name, options, invocation));
}

interface Deletion {
  readonly force?: boolean;
  readonly yes?: boolean;
}

async function show(name: string, invocation: Invocation): Promise<void> {
  const role = await (await invocation.hub()).role(name);
  const { paint } = invocation;
  invocation.show(role, () => {
    const grants =
      role.grants
        .map((grant) => `  ${paint(printable(grantInWords(grant)), grant.effect === 'deny' ? 'red' : undefined)}\n`)
        .join('') || '  grants nothing\n';
    const options = role.grants.flatMap(grantOptions).map(shellQuoted).join(' ');
    return `${paint(role.name, 'bold')}  edited ${invocation.when(role.updatedAt)}, generation ${role.generation}\n${grants}\n${paint(`qconn role put ${role.name} ${options || '--empty'}`, 'dim')}\n`;
  });
}

async function remove(name: string, { yes, force = false }: Deletion, invocation: Invocation): Promise<void> {
  const hub = await invocation.hub();
  const { generation } = await hub.role(name);
  const question = `Delete the role ${name}${force ? ', and take it from whoever has it' : ''}?`;
  if (!(await invocation.confirmed(question, yes))) return invocation.declined();
  await hub.deleteRole(name, { force, generation });
  invocation.show({ deleted: name }, () => `The role ${name} is deleted.\n`);
}

/** A word as a POSIX shell takes it. */
function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
