import type { PresenceEvent, Provider } from '@qconn/client';
import type { Command } from 'commander';
import { withClient, withCredentials } from '../exchange/with-client.ts';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';
import { printable } from '../output/printable.ts';

interface Options {
  readonly credentials?: string;
  readonly machine?: string;
}

/** Why a snapshot came, for people. */
const CAUSES: Readonly<Record<Extract<PresenceEvent, { kind: 'snapshot' }>['cause'], string>> = {
  begun: 'online now',
  reconnected: 'online now, after the connection was lost',
  behind: 'online now; changes before were too many to show',
};

export function addWatchDevices(parent: Command, invocation: Invocation): void {
  const command = withCredentials(parent.command('watch'))
    .argument('[service-type]', 'such as print; nothing: all that this machine may query')
    .description('show devices come and go, as an enrolled machine may see them, until Ctrl-C')
    .option('--machine <machine>', 'only of this fingerprint or hostname; kiosk-* for all that begin so')
    .action((serviceType: string | undefined, options: Options) => watchDevices(serviceType, options, invocation));
  withExamples(command, [
    ['qconn watch print', 'who prints, and who stops printing, with the reason'],
    ['qconn watch --json', 'one object a line: a snapshot, then changes'],
  ]);
}

async function watchDevices(
  serviceType: string | undefined,
  { credentials, machine }: Options,
  invocation: Invocation,
): Promise<void> {
  const { stdout } = invocation.surroundings;
  await withClient(credentials, invocation, async (client, signal) => {
    for await (const event of client.watch({ serviceType, machine }, { signal })) {
      const at = new Date(invocation.surroundings.now()).toISOString();
      if (invocation.json) stdout.write(`${JSON.stringify({ at, ...event })}\n`);
      else for (const line of linesOf(event, invocation)) stdout.write(`${invocation.paint(at, 'dim')}  ${line}\n`);
    }
  });
}

function linesOf(event: PresenceEvent, { paint }: Invocation): string[] {
  if (event.kind === 'snapshot') {
    const { cause, providers } = event;
    return [`${providers.length} ${CAUSES[cause]}`, ...providers.map((provider) => `         ${textOf(provider)}`)];
  }
  const { kind, provider } = event;
  if (kind === 'online') return [`${paint('online ', 'green')}  ${textOf(provider)}`];
  return [`${paint('offline', 'yellow')}  ${textOf(provider)}  ${event.reason}`];
}

function textOf({ hostname, fingerprint, device = '', serviceTypes }: Provider): string {
  return printable(`${hostname || fingerprint}/${device}  ${serviceTypes.join(', ')}`);
}
