import { spawn, spawnSync } from 'node:child_process';

/** The example client of ngtcp2 with GnuTLS, as Debian packages it. */
const PROGRAM = 'gtlsclient';

/** A run that takes longer hangs, in milliseconds: the slowest case waits less than one second. */
const RUN_LIMIT_MS = 60_000;

export const HOW_TO_GET_IT: string = `There is no ${PROGRAM} here. On Debian and its kin it comes with

    apt-get update && apt-get install -y ngtcp2-client`;

/** How a run of the program ended, and all that it said. */
export interface Run {
  /** `null` when it had to be ended. */
  readonly exitCode: number | null;
  readonly log: string;
}

/** What is installed, for the report; `undefined` when nothing is. */
export function installedVersion(): string | undefined {
  const found = spawnSync(PROGRAM, ['--help'], { stdio: 'ignore' });
  if (found.error !== undefined) return undefined;
  const asked = spawnSync('dpkg-query', ['--show', '--showformat', '${Version}', 'ngtcp2-client'], {
    encoding: 'utf8',
  });
  return asked.status === 0 ? `ngtcp2-client ${asked.stdout}` : 'ngtcp2-client of unknown version';
}

/** One request for `/hello` to a server on this machine; what the server sends is in the log frame by frame. */
export function request(port: number, options: readonly string[]): Promise<Run> {
  const args = [...options, '--no-quic-dump', '127.0.0.1', String(port), 'https://localhost/hello'];
  const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_LIMIT_MS });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, log: Buffer.concat(chunks).toString() }));
  });
}
