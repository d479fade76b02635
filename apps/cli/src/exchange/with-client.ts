import { type Client, connect } from '@qconn/client';
import type { Command } from 'commander';
import type { Invocation } from '../invocation.ts';
import { credentialStore } from '../profile/credential-store.ts';
import { VERSION } from '../version.ts';

/** Program and version, for the hub's log. */
export const AGENT: string = `qconn-cli/${VERSION}`;

/** Adds the option that names the machine credential to send with. */
export function withCredentials(command: Command): Command {
  return command.option(
    '--credentials <folder>',
    'the machine credential, made by `qconn enroll` (or QCONN_CREDENTIALS names it; default: credentials in ~/.config/qconn; QCONN_CREDENTIALS_PASSPHRASE_FILE opens an encrypted one)',
  );
}

/**
 * Works with a connection to the hub as a machine, and closes it. Ctrl-C fires the signal.
 * @throws QconnError `credential_missing`, `credential_damaged`, `credential_exposed`, and what `work` throws
 */
export async function withClient<Result>(
  folder: string | undefined,
  invocation: Invocation,
  work: (client: Client, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const store = await credentialStore(folder, invocation.env);
  const { hub } = await store.load();
  const client = await connect({ credentials: store, agent: AGENT });
  const where = hub.quic.map(({ host, port }) => `${host} port ${port}`).join(', ');
  const telling = tellOfFirstFailure(client, where, invocation);
  const interruption = new AbortController();
  const letGo = invocation.surroundings.onInterrupt(() => interruption.abort());
  try {
    return await work(client, interruption.signal);
  } finally {
    letGo();
    await client.close();
    await telling;
  }
}

/** Somebody who waits for a connection learns at once that there is a reason. Ends with the client. */
async function tellOfFirstFailure(client: Client, where: string, invocation: Invocation): Promise<void> {
  for await (const event of client.events()) {
    if (event.kind !== 'phase' || event.phase !== 'backing_off' || event.reason === undefined) continue;
    return invocation.note(`No connection to the hub at ${where} (UDP): ${event.reason.message}`);
  }
}
