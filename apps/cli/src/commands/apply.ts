import type { Command } from 'commander';
import type { RolePlan, RoleSet } from '../api/views.ts';
import { readRoleSetFile } from '../grants/role-set-file.ts';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';
import { affectedText, changeIsEmpty, roleChangeText } from '../output/role-plan-text.ts';

interface Options {
  readonly file: string;
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly force?: boolean;
  readonly yes?: boolean;
}

const HELP = `
The file has the roles as \`qconn role export\` writes them, and may assign them:

  roles:
    - name: printer
      grants:
        - { effect: allow, verb: provide, serviceTypes: [print] }
  assignments:            # the roles that a machine shall have, all of them; machines that are not named keep theirs
    printer-pc: [printer]

Everything is applied in one transaction, or nothing. What the hub has shown is what is applied: if somebody edits a
role in between, it is refused (edit_conflict).`;

export function addApply(parent: Command, invocation: Invocation): void {
  const command = parent
    .command('apply')
    .requiredOption('-f, --file <file>', 'YAML or JSON file with roles')
    .description('make the hub’s roles as a file has them; says first what changes, and for whom')
    .option('--dry-run', 'only say it')
    .option('--prune', 'delete the roles that the file does not have')
    .option('--force', 'with --prune: take a deleted role from whoever has it, instead of refusing')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', HELP)
    .action((options: Options) => apply(options, invocation));
  withExamples(command, [
    ['qconn role export >roles.yaml', 'what is there'],
    ['qconn apply -f roles.yaml --dry-run', 'who would gain and lose what'],
    ['qconn apply -f roles.yaml --prune --yes', 'from a repository: the file is all there is'],
  ]);
}

async function apply({ file, dryRun, prune, force, yes }: Options, invocation: Invocation): Promise<void> {
  const set: RoleSet = {
    ...readRoleSetFile(file),
    ...(prune !== undefined && { prune }),
    ...(force !== undefined && { force }),
  };
  const hub = await invocation.hub();
  const plan = await hub.planRoles(set);
  if (dryRun === true) return invocation.show(plan, () => planText(plan, invocation));
  if (changeIsEmpty(plan.change)) return invocation.show(plan.change, () => 'The hub has these roles already.\n');
  if (yes !== true) invocation.note(planText(plan, invocation).trimEnd());
  if (!(await invocation.confirmed('Apply this?', yes))) return invocation.declined();
  const change = await hub.applyRoles(set, plan.version);
  invocation.show(change, () => `${roleChangeText(change, invocation)}It is in force now.\n`);
}

function planText(plan: RolePlan, invocation: Invocation): string {
  if (changeIsEmpty(plan.change)) return 'The hub has these roles already.\n';
  return `${roleChangeText(plan.change, invocation)}${affectedText(plan, invocation)}`;
}
