import type { Command } from 'commander';
import type { LiveSession } from '../api/views.ts';
import type { Invocation } from '../invocation.ts';
import { type ListStyle, showList } from '../output/list.ts';
import type { Cell } from '../output/table.ts';
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
  withWatch(parent.command('sessions'))
    .description('list the machines that are connected now, and the devices that they provide')
    .action(async (options: { readonly watch?: boolean }) => {
      const hub = await invocation.hub();
      if (options.watch === true) return watch(hub.sessions, STYLE, invocation);
      showList(await hub.sessions(), STYLE, invocation);
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
