import type { Command } from 'commander';
import { roleSetText } from '../grants/role-set-file.ts';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';

export function addRoleExport(parent: Command, invocation: Invocation): void {
  const command = parent
    .command('export')
    .description('print every role as one YAML file, as `qconn apply` takes it')
    .option('--assignments', 'with the roles of every authorized machine')
    .action((options: { readonly assignments?: boolean }) => exportRoles(options, invocation));
  withExamples(command, [
    [
      'qconn role export >roles.yaml && $EDITOR roles.yaml && qconn apply -f roles.yaml',
      'an edit of all roles at once',
    ],
  ]);
}

async function exportRoles({ assignments }: { readonly assignments?: boolean }, invocation: Invocation): Promise<void> {
  const hub = await invocation.hub();
  const { items: roles } = await hub.roles({ all: true });
  const machines =
    assignments === true ? (await hub.machines({ status: 'authorized' }, { all: true })).items : undefined;
  const set = {
    roles: roles.map(({ name, grants }) => ({ name, grants })),
    ...(machines && {
      assignments: Object.fromEntries(
        machines.map(({ hostname, fingerprint, roles: held }) => [hostname ?? fingerprint, held]),
      ),
    }),
  };
  invocation.show(set, () => roleSetText(set));
}
