import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const HUB = resolve(import.meta.dirname, '../../hub/src/main.ts');

/** A hub that runs as a process of its own, as in production, on an embedded database in a temporary folder. */
export class HubProcess {
  readonly url: string;
  readonly pin: string;
  readonly bootstrapSecret: string;
  readonly folder: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, folder: string, said: ReadonlyMap<string, Record<string, string>>) {
    this.#child = child;
    this.folder = folder;
    this.url = `https://127.0.0.1:${said.get('listening')?.['https']?.split(':').at(-1)}`;
    this.pin = said.get('initialised')?.['pin'] ?? '';
    this.bootstrapSecret = said.get('initialised')?.['bootstrapSecret'] ?? '';
  }

  static async start(): Promise<HubProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'qconn-cli-'));
    const argv = [
      '--conditions=@qconn/source',
      HUB,
      'serve',
      '--init',
      '--json',
      '--data',
      join(folder, 'data'),
      '--quic-port',
      '0',
      '--https-port',
      '0',
      '--log-level',
      'error',
    ];
    // On the embedded database, whichever server the tests of others use.
    const env = { ...process.env, DATABASE_URL: '' };
    const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    // Its log matters only if it does not start.
    let log = '';
    child.stderr.on('data', (text: Buffer) => (log = `${log}${text.toString()}`.slice(-4_096)));
    const said = new Map<string, Record<string, string>>();
    for await (const line of createInterface({ input: child.stdout })) {
      const event = JSON.parse(line) as Record<string, string>;
      said.set(event['event'] ?? '', event);
      if (event['event'] === 'listening') return new HubProcess(child, folder, said);
    }
    if (child.exitCode === null) await once(child, 'exit');
    throw new Error(`the hub ended with ${child.exitCode} before it listened: ${log}`);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGTERM');
      await once(this.#child, 'exit');
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
