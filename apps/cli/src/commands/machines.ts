import { Option, type Command } from 'commander';
import type { PageChoice } from '../api/hub-api.ts';
import type { Machine, MachineStatus } from '../api/views.ts';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';
import { statusCell } from '../output/machine-text.ts';
import type { Cell } from '../output/table.ts';
import { notePage, withPageOptions } from './page-options.ts';

interface Options extends PageChoice {
  readonly status?: MachineStatus;
  readonly role?: string;
}

const COLUMNS = [
  { title: 'CODE' },
  { title: 'HOSTNAME', cut: true },
  { title: 'STATUS' },
  { title: 'ONLINE' },
  { title: 'ROLES', cut: true },
  { title: 'EXPIRES' },
];

export function addMachines(parent: Command, invocation: Invocation): void {
  const command = withPageOptions(parent.command('machines'))
    .description('list machines, the oldest first')
    .addOption(new Option('--status <status>', 'only these').choices(['pending', 'authorized', 'revoked']))
    .option('--role <role>', 'only those that have this role')
    .action((options: Options) => listMachines(options, invocation));
  withExamples(command, [
    ['qconn machines --status pending', 'who waits for approval'],
    ['qconn machines --role printer --all', 'every machine with the role printer'],
    ["qconn machines --json --all | jq -r '.items[].hostname'", 'for scripts'],
  ]);
}

async function listMachines({ status, role, ...choice }: Options, invocation: Invocation): Promise<void> {
  const page = await (await invocation.hub()).machines({ status, role }, choice);
  if (invocation.json || page.items.length > 0)
    invocation.show(page, () =>
      invocation.table(
        COLUMNS,
        page.items.map((machine) => row(machine, invocation)),
      ),
    );
  notePage(page, invocation, nothingText(status, role));
}

function row(machine: Machine, invocation: Invocation): Cell[] {
  const { shortCode, hostname, requestedHostname, online, roles, expiresAt } = machine;
  const name =
    hostname ?? (requestedHostname === null ? '–' : { text: `asks for ${requestedHostname}`, colour: 'dim' as const });
  return [
    shortCode,
    name,
    statusCell(machine),
    online ? { text: 'yes', colour: 'green' } : 'no',
    roles.join(', ') || '–',
    invocation.when(expiresAt),
  ];
}

function nothingText(status: MachineStatus | undefined, role: string | undefined): string {
  const which = `${status === undefined ? '' : ` ${status}`} machine${role === undefined ? '' : ` with the role ${role}`}`;
  return `There is no${which}. A machine enrols with a token: qconn token create`;
}
