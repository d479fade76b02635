import type { Provider } from '@qconn/client';
import type { Command } from 'commander';
import { withClient, withCredentials } from '../exchange/with-client.ts';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';
import { showList } from '../output/list.ts';

interface Options {
  readonly credentials?: string;
  readonly machine?: string;
}

const COLUMNS = [
  { title: 'MACHINE', cut: true },
  { title: 'DEVICE', cut: true },
  { title: 'SERVICE TYPES', cut: true },
];

export function addQuery(parent: Command, invocation: Invocation): void {
  const command = withCredentials(parent.command('query'))
    .argument('[service-type]', 'such as print; nothing: all that this machine may query')
    .description('list live devices, as an enrolled machine may see them')
    .option('--machine <machine>', 'only of this hostname or fingerprint')
    .action((serviceType: string | undefined, options: Options) => query(serviceType, options, invocation));
  withExamples(command, [['qconn query print', 'who prints, right now']]);
}

async function query(
  serviceType: string | undefined,
  { credentials, machine }: Options,
  invocation: Invocation,
): Promise<void> {
  const items = await withClient(credentials, invocation, (client, signal) =>
    client.query(
      { ...(serviceType !== undefined && { serviceType }), ...(machine !== undefined && { machine }) },
      { signal },
    ),
  );
  const nothing = `No live device${serviceType === undefined ? '' : ` for ${serviceType}`} that this machine may query.`;
  showList({ items }, { columns: COLUMNS, rows, nothing }, invocation);
}

function rows({ hostname, fingerprint, device, serviceTypes }: Provider): string[][] {
  return [[hostname || fingerprint, device, serviceTypes.join(', ')]];
}
