import type { Command } from 'commander';
import type { PageChoice } from '../api/hub-api.ts';
import type { LiveSession, Page } from '../api/views.ts';
import type { Invocation } from '../invocation.ts';
import { type ListStyle, showList } from '../output/list.ts';
import type { Cell } from '../output/table.ts';
import { withPageOptions } from './page-options.ts';
import { watch, withWatch } from './watch.ts';

const STYLE: ListStyle<LiveSession> = {
  columns: [
    { title: 'MACHINE', cut: true },
    { title: 'STATUS' },
    { title: 'FROM' },
    { title: 'ROUND TRIP' },
    { title: 'DEVICES', cut: true },
  ],
  rows: (session) => [row(session)],
  nothing: 'No machine is connected to this hub.',
};

export function addSessions(parent: Command, invocation: Invocation): void {
  withWatch(withPageOptions(parent.command('sessions')))
    .description('list the machines that are connected now, and the devices that they provide')
    .action(async ({ watch: watching, ...choice }: PageChoice & { readonly watch?: boolean }) => {
      const hub = await invocation.hub();
      const look = (): Promise<Page<LiveSession>> => hub.sessions(choice);
      if (watching === true) return watch(look, STYLE, invocation);
      showList(await look(), STYLE, invocation);
    });
}

function row({ machine, hostname, status, remoteAddress, rttMs, devices }: LiveSession): Cell[] {
  const provided = devices.map(({ device, serviceTypes }) => `${device}: ${serviceTypes.join(', ')}`).join('; ');
  return [
    hostname ?? machine,
    { text: status, colour: status === 'authorized' ? 'green' : 'yellow' },
    remoteAddress,
    `${rttMs.toFixed(1)} ms`,
    provided || '–',
  ];
}
