import { Option, type Command } from 'commander';
import type { Certificate } from '../api/ca-views.ts';
import type { PageChoice } from '../api/hub-api.ts';
import { withExamples } from '../help.ts';
import { parseDuration } from '../input/duration.ts';
import type { Invocation } from '../invocation.ts';
import { type ListStyle, showList } from '../output/list.ts';
import type { Cell } from '../output/table.ts';
import { withPageOptions } from './page-options.ts';

interface Options extends PageChoice {
  readonly kind?: Certificate['kind'];
  readonly machine?: string;
  readonly hostname?: string;
  readonly status?: Certificate['status'];
  /** Milliseconds. */
  readonly expiresWithin?: number;
  readonly last?: boolean;
}

export function addCerts(parent: Command, invocation: Invocation): void {
  const command = withPageOptions(parent.command('certs'))
    .description('list the certificates that the hub’s CA has issued, the first to expire first')
    .addOption(new Option('--kind <kind>', 'only these').choices(['machine', 'server', 'issuing', 'root']))
    .option('--machine <fingerprint>', 'only this machine’s')
    .option('--hostname <name>', 'only those of the machine of this name')
    .addOption(new Option('--status <status>', 'only these').choices(['live', 'expired', 'revoked']))
    .option('--expires-within <time>', 'only those that are live and end within this time', parseDuration)
    .option('--last', 'only the last certificate of each machine: what ends here has not been renewed')
    .action((options: Options) => listCertificates(options, invocation));
  withExamples(command, [
    ['qconn certs --expires-within 2d --last', 'machines that have not renewed'],
    ['qconn certs --hostname printer-pc', 'every certificate of a machine'],
    ['qconn certs --kind issuing', 'the CAs'],
  ]);
}

async function listCertificates(options: Options, invocation: Invocation): Promise<void> {
  const { kind, machine, hostname, status, expiresWithin, last, ...choice } = options;
  const expiresBefore =
    expiresWithin === undefined ? undefined : new Date(invocation.surroundings.now() + expiresWithin).toISOString();
  const filter = {
    kind,
    machine,
    hostname,
    status: status ?? (expiresWithin === undefined ? undefined : ('live' as const)),
    expiresBefore,
    last: last === true ? 'true' : undefined,
  };
  const style: ListStyle<Certificate> = {
    columns: [
      { title: 'SERIAL' },
      { title: 'KIND' },
      { title: 'WHOSE', cut: true },
      { title: 'STATUS' },
      { title: 'EXPIRES' },
    ],
    rows: (certificate) => [row(certificate, invocation)],
    nothing: 'There is no such certificate.',
  };
  showList(await (await invocation.hub()).certificates(filter, choice), style, invocation);
}

const COLOURS = { live: 'green', expired: 'dim', revoked: 'red' } as const;

function row(certificate: Certificate, invocation: Invocation): Cell[] {
  const { serial, kind, hostname, machine, subject, status, notAfter } = certificate;
  const whose = hostname ?? machine ?? subject ?? '–';
  return [serial, kind, whose, { text: status, colour: COLOURS[status] }, invocation.when(notAfter)];
}
