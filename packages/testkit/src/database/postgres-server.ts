import { spawn, type ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A PostgreSQL server that this process started. */
export interface PostgresServer {
  /** URL of its maintenance database, as a superuser. */
  readonly url: string;
  /** Stops the server and deletes its data. */
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL server on a loopback port with an empty data folder, held by a process of its
 * own that ends with this one, however this one ends.
 * @throws Error when no server can be found or started
 */
export async function startPostgres(): Promise<PostgresServer> {
  const script = fileURLToPath(new URL(`postgres-keeper${extname(import.meta.url)}`, import.meta.url));
  // Detached: Ctrl-C in a terminal reaches us, and the keeper learns of it by the end of its input.
  const keeper = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const exited = new Promise<void>((resolve) => keeper.once('exit', () => resolve()));
  const url = await firstLine(keeper);
  return {
    url,
    async stop() {
      keeper.stdin?.end();
      await exited;
    },
  };
}

async function firstLine(keeper: ChildProcess): Promise<string> {
  let complaint = '';
  keeper.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  return await new Promise((resolve, reject) => {
    createInterface({ input: keeper.stdout! }).once('line', resolve);
    keeper.once('error', reject).once('exit', () => reject(new Error(complaint)));
  });
}
