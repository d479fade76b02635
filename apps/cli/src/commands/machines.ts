import { Option, type Command } from 'commander';
import type { PageChoice } from '../api/hub-api.ts';
import type { Machine, MachineStatus, Page } from '../api/views.ts';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';
import { showList } from '../output/list.ts';
import { statusCell } from '../output/machine-text.ts';
import type { Cell } from '../output/table.ts';
import { withPageOptions } from './page-options.ts';
import { watch, withWatch } from './watch.ts';

interface Options extends PageChoice {
  readonly status?: MachineStatus;
  readonly role?: string;
  readonly label?: string;
  readonly watch?: boolean;
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
  const command = withWatch(withPageOptions(parent.command('machines')))
    .description('list machines, the oldest first')
    .addOption(new Option('--status <status>', 'only these').choices(['pending', 'authorized', 'revoked']))
    .option('--role <role>', 'only those that have this role')
    .option('--label <key=value>', 'only those that have this label')
    .action((options: Options) => listMachines(options, invocation));
  withExamples(command, [
    ['qconn machines --status pending', 'who waits for approval'],
    ['qconn machines --status pending --watch', 'wait for them'],
    ['qconn machines --role printer --all', 'every machine with the role printer'],
    ["qconn machines --json --all | jq -r '.items[].hostname'", 'for scripts'],
  ]);
}

async function listMachines(options: Options, invocation: Invocation): Promise<void> {
  const { status, role, label, watch: watching, ...choice } = options;
  const hub = await invocation.hub();
  const style = {
    columns: COLUMNS,
    rows: (machine: Machine) => [row(machine, invocation)],
    nothing: nothingText(options),
  };
  const look = (): Promise<Page<Machine>> => hub.machines({ status, role, label }, choice);
  if (watching === true) return watch(look, style, invocation);
  showList(await look(), style, invocation);
}

function row(machine: Machine, invocation: Invocation): Cell[] {
  const { shortCode, hostname, online, roles, expiresAt } = machine;
  return [
    shortCode,
    hostname ?? wishCell(machine),
    statusCell(machine),
    online ? { text: 'yes', colour: 'green' } : 'no',
    roles.join(', ') || '–',
    invocation.when(expiresAt),
  ];
}

/** A name that somebody else holds is no ordinary wish. */
function wishCell({ requestedHostname, requestedHolder }: Machine): Cell {
  if (requestedHostname === null) return '–';
  return requestedHolder === null
    ? { text: `asks for ${requestedHostname}`, colour: 'dim' }
    : { text: `asks for ${requestedHostname}, which is held`, colour: 'yellow' };
}

function nothingText({ status, role, label }: Pick<Options, 'status' | 'role' | 'label'>): string {
  const traits = [role !== undefined && `the role ${role}`, label !== undefined && `the label ${label}`].filter(
    Boolean,
  );
  const which = `${status === undefined ? '' : ` ${status}`} machine${traits.length === 0 ? '' : ` with ${traits.join(' and ')}`}`;
  return `There is no${which}. A machine enrols with a token: qconn token create`;
}
