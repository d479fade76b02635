import * as nodeFs from 'node:fs/promises';
import { basename } from 'node:path';
import { connect, CredentialStore, type Client } from '@qconn/client';

/**
 * A machine that renews its certificate, connects with the new one, and loses its power at one moment of it.
 * Arguments: credential folder, moment.
 */
export const MOMENTS = [
  'half of the new credential is written',
  'the new credential is written and has no name yet',
  'the new credential has its name and nobody knows of it',
  'the new credential is known and has not been used',
  'the old credential has been kept and the new one is not the current one yet',
  'the new credential is the current one and nobody knows of it',
] as const;

export type Moment = (typeof MOMENTS)[number];

async function run(folder: string, moment: Moment): Promise<void> {
  const die = async (): Promise<never> => {
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => {});
  };
  const at = async (reached: Moment): Promise<void> => {
    if (moment === reached) await die();
  };
  const open = async (...args: Parameters<typeof nodeFs.open>): Promise<nodeFs.FileHandle> => {
    const file = await nodeFs.open(...args);
    if (moment === 'half of the new credential is written' && basename(String(args[0])).startsWith('.credential.next.'))
      file.writeFile = async (text) => {
        if (typeof text === 'string') await file.write(text.slice(0, 500));
        await die();
      };
    return file;
  };
  const rename = async (from: string, to: string): Promise<void> => {
    const [source, target] = [basename(from), basename(to)];
    if (target === 'credential.next.json') await at('the new credential is written and has no name yet');
    if (source === 'credential.next.json')
      await at('the old credential has been kept and the new one is not the current one yet');
    await nodeFs.rename(from, to);
    if (target === 'credential.next.json') await at('the new credential has its name and nobody knows of it');
    if (source === 'credential.next.json') await at('the new credential is the current one and nobody knows of it');
  };
  const fs = { ...nodeFs, open, rename } as typeof nodeFs;
  const online = async (): Promise<Client> => {
    const client = await connect({ credentials: new CredentialStore(folder, { fs }), agent: 'dying/1' });
    await client.connected({ phase: 'online' });
    return client;
  };
  const first = await online();
  await first.renewNow();
  await at('the new credential is known and has not been used');
  await first.close();
  const second = await online();
  // What the welcome proves is on disk once the client has closed.
  await second.close();
}

if (import.meta.main) await run(process.argv[2] ?? '', process.argv[3] as Moment);
