import { isQconnError, QconnError } from '@qconn/protocol';
import type { Command } from 'commander';
import type { HubApi } from '../api/hub-api.ts';
import type { Grant, Role } from '../api/views.ts';
import { GrantList } from '../grants/grant-list.ts';
import { grantInWords } from '../grants/grant-text.ts';
import { readRoleFile } from '../grants/role-file.ts';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';
import { printable } from '../output/printable.ts';

interface Options {
  readonly file?: string;
  readonly empty?: boolean;
  readonly yes?: boolean;
}

/** What the role shall grant, and the generation on which the edit builds, where the editor said so. */
interface Edit {
  readonly grants: readonly Grant[];
  readonly generation?: number | undefined;
}

const HELP = `
VERB is provide (do the work), submit (send work), query (see who provides), or admin (administer the hub; then
the patterns are actions such as machines.approve). A pattern is a service type (print.label), everything below
one (print.*: not print itself), or * for all.
--towards limits the grant before it to messages whose other side has all of the labels and one of the hostnames:
  label:KEY=VALUE   such as label:site=oslo
  hostname:NAME     such as hostname:kiosk-*
The hub refuses what is allowed by no grant; deny beats allow. An edit that somebody else has overtaken is refused.`;

export function addRolePut(parent: Command, invocation: Invocation): void {
  const list = new GrantList();
  const command = parent
    .command('put')
    .argument('<name>', 'lower-case letters, digits, dots, hyphens, underscores')
    .description('make a role, or replace its grants by the ones given')
    .option('--allow <verb:patterns>', 'grant, such as submit:print,scale.*; may be given several times', (text) =>
      list.add('allow', text),
    )
    .option('--deny <verb:patterns>', 'take away, whatever else allows it', (text) => list.add('deny', text))
    .option('--towards <selector>', 'limit the grant before it to some machines; may be given several times', (text) =>
      list.towards(text),
    )
    .option('--file <file>', 'take the grants from a YAML or JSON file, as `qconn role show NAME --json` writes it')
    .option('--empty', 'a role that grants nothing')
    .option('-y, --yes', 'do not ask before an existing role is replaced')
    .addHelpText('after', HELP)
    .action((name: string, options: Options) => putRole(name, options, list.grants, invocation));
  withExamples(command, [
    ['qconn role put printer --allow provide:print', 'machines that print'],
    ['qconn role put lims --allow submit:print,scale.* --allow query:print', 'a sender'],
    [
      'qconn role put lims-oslo --allow submit:print --towards label:site=oslo --deny submit:print.secret',
      'a sender that reaches the printers of one site',
    ],
    [
      'qconn role put operator --allow admin:machines.*,tokens.*,sessions.read',
      'an operator who cannot edit roles or keys',
    ],
    ['qconn role show lims --json >lims.json && $EDITOR lims.json && qconn role put lims --file lims.json', 'an edit'],
  ]);
}

async function putRole(
  name: string,
  options: Options,
  grants: readonly Grant[],
  invocation: Invocation,
): Promise<void> {
  const edit = chosenEdit(name, options, grants);
  const hub = await invocation.hub();
  const before = await findRole(hub, name);
  const difference = differenceText(before, edit.grants, invocation);
  if (before !== undefined && difference !== '' && options.yes !== true) {
    invocation.note(`The role ${name} would change:\n${difference.trimEnd()}`);
    if (!(await invocation.confirmed('Replace it?', options.yes))) return invocation.declined();
  }
  if (before !== undefined && difference === '')
    return invocation.show(before, () => `The role ${name} grants that already.\n`);
  const role = await hub.putRole(name, { grants: edit.grants }, edit.generation ?? before?.generation ?? 0);
  invocation.show(
    role,
    () =>
      `The role ${role.name} ${before === undefined ? 'is made' : 'is replaced'}; it is in force now.\n${differenceText(before, role.grants, invocation)}`,
  );
}

function chosenEdit(name: string, { file, empty }: Options, grants: readonly Grant[]): Edit {
  const ways = [file !== undefined, empty === true, grants.length > 0].filter(Boolean).length;
  if (ways !== 1)
    throw new QconnError(
      'usage',
      'Say what the role shall grant, in one way: --allow and --deny, or --file, or --empty.',
    );
  return file === undefined ? { grants } : readRoleFile(file, name);
}

async function findRole(hub: HubApi, name: string): Promise<Role | undefined> {
  try {
    return await hub.role(name);
  } catch (error) {
    if (isQconnError(error, 'unknown_role')) return undefined;
    throw error;
  }
}

/** Grants that go and grants that come, a line each. */
function differenceText(before: Role | undefined, after: readonly Grant[], { paint }: Invocation): string {
  const old = (before?.grants ?? []).map(grantInWords);
  const now = after.map(grantInWords);
  const gone = old.filter((grant) => !now.includes(grant)).map((grant) => paint(`  - ${printable(grant)}`, 'red'));
  const come = now.filter((grant) => !old.includes(grant)).map((grant) => paint(`  + ${printable(grant)}`, 'green'));
  return [...gone, ...come].map((line) => `${line}\n`).join('');
}
