import type { Command } from 'commander';
import type { LiveSession } from '../api/views.ts';
import type { Invocation } from '../invocation.ts';
import type { Cell } from '../output/table.ts';

const COLUMNS = [
  { title: 'MACHINE', cut: true },
  { title: 'STATUS' },
  { title: 'FROM' },
  { title: 'ROUND TRIP' },
  { title: 'DEVICES', cut: true },
];

export function addSessions(parent: Command, invocation: Invocation): void {
  parent
    .command('sessions')
    .description('list the machines that are connected now, and the devices that they provide')
    .action(async () => {
      const answer = await (await invocation.hub()).sessions();
      if (invocation.json || answer.items.length > 0)
        invocation.show(answer, () => invocation.table(COLUMNS, answer.items.map(row)));
      else invocation.note('No machine is connected to this hub.');
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
