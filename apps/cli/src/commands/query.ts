import type { Provider } from '@qconn/client';
import type { Command } from 'commander';
import { withClient, withCredentials } from '../exchange/with-client.ts';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';
import { showList } from '../output/list.ts';
import type { Cell } from '../output/table.ts';

interface Options {
  readonly credentials?: string;
  readonly machine?: string;
  readonly offline?: boolean;
  readonly all?: boolean;
}

const COLUMNS = [
  { title: 'MACHINE', cut: true },
  { title: 'STATE' },
  { title: 'DEVICE', cut: true },
  { title: 'SERVICE TYPES', cut: true },
];

export function addQuery(parent: Command, invocation: Invocation): void {
  const command = withCredentials(parent.command('query'))
    .argument('[service-type]', 'such as print; nothing: all that this machine may query')
    .description('list devices that are online, as an enrolled machine may see them')
    .option('--machine <machine>', 'only of this fingerprint or hostname; kiosk-* for all that begin so')
    .option('--offline', 'those that are not online instead, of machines that may provide the service type')
    .option('--all', 'both')
    .action((serviceType: string | undefined, options: Options) => query(serviceType, options, invocation));
  withExamples(command, [
    ['qconn query print', 'who prints, right now'],
    ['qconn query print --offline', 'who should, and does not'],
  ]);
}

async function query(
  serviceType: string | undefined,
  { credentials, machine, offline, all }: Options,
  invocation: Invocation,
): Promise<void> {
  const state = all === true ? 'any' : offline === true ? 'offline' : 'online';
  const items = await withClient(credentials, invocation, (client, signal) =>
    client.query({ serviceType, machine, state }, { signal }),
  );
  const nothing = `No ${state === 'any' ? '' : `${state} `}device${serviceType === undefined ? '' : ` for ${serviceType}`} that this machine may query.`;
  showList({ items }, { columns: COLUMNS, rows, nothing }, invocation);
}

function rows({ hostname, fingerprint, device, serviceTypes, online }: Provider): Cell[][] {
  const state: Cell = online ? { text: 'online', colour: 'green' } : { text: 'offline', colour: 'yellow' };
  return [[hostname || fingerprint, state, device ?? '–', serviceTypes.join(', ')]];
}
