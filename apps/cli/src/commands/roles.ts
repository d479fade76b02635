import type { Command } from 'commander';
import type { PageChoice } from '../api/hub-api.ts';
import type { Role } from '../api/views.ts';
import { grantInWords } from '../grants/grant-text.ts';
import type { Invocation } from '../invocation.ts';
import { showList } from '../output/list.ts';
import type { Cell } from '../output/table.ts';
import { withPageOptions } from './page-options.ts';

const COLUMNS = [{ title: 'ROLE' }, { title: 'GRANTS', cut: true }, { title: 'EDITED' }];

const NOTHING = 'There is no role. Make one with: qconn role put';

export function addRoles(parent: Command, invocation: Invocation): void {
  withPageOptions(parent.command('roles'))
    .description('list roles with their grants; deny beats allow, and what no grant allows is refused')
    .action(async (choice: PageChoice) => {
      const answer = await (await invocation.hub()).roles(choice);
      const style = { columns: COLUMNS, rows: (role: Role) => rows(role, invocation), nothing: NOTHING };
      showList(answer, style, invocation);
    });
}

/** A line for each grant; the name stands on the first. */
function rows({ name, grants, updatedAt }: Role, invocation: Invocation): Cell[][] {
  const [first = 'grants nothing', ...others] = grants.map(grantInWords);
  return [[name, first, invocation.when(updatedAt)], ...others.map((grant) => ['', grant, ''])];
}
