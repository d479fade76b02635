import { type Client, connect } from '@qconn/client';
import type { Command } from 'commander';
import type { Invocation } from '../invocation.ts';
import { credentialFolder } from '../profile/config-folder.ts';
import { VERSION } from '../version.ts';

/** Program and version, for the hub's log. */
export const AGENT: string = `qconn-cli/${VERSION}`;

/** Adds the option that names the machine credential to send with. */
export function withCredentials(command: Command): Command {
  return command.option(
    '--credentials <folder>',
    'the machine credential, made by `qconn enroll` (or QCONN_CREDENTIALS names it; default: credentials in ~/.config/qconn)',
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
  const { env, surroundings } = invocation;
  const client = await connect({ credentials: credentialFolder(folder, env), agent: AGENT });
  const interruption = new AbortController();
  const letGo = surroundings.onInterrupt(() => interruption.abort());
  try {
    return await work(client, interruption.signal);
  } finally {
    letGo();
    await client.close();
  }
}
