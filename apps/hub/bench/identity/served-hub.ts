import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { post } from './post.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../src/main.ts');

/** `QCONN_PROFILE=folder` leaves a CPU profile of the hub there. */
const PROFILE =
  process.env['QCONN_PROFILE'] === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env['QCONN_PROFILE']}`];

/** `qconn-hub` as its administrator has it: a process that serves, and a key to its API. */
export class ServedHub {
  readonly #databaseUrl: string;
  readonly #folder: string = mkdtempSync(path.join(tmpdir(), 'qconn-bench-'));
  #process: ChildProcess | undefined;
  #bootstrapSecret = '';
  https = '';
  quicPort = 0;
  rootPem = '';
  key = '';

  constructor(databaseUrl: string) {
    this.#databaseUrl = databaseUrl;
  }

  /** Makes CA, schema and bootstrap secret. */
  async initialise(): Promise<void> {
    const said = await this.#start(['init', '--json'], 'initialised');
    this.#bootstrapSecret = said['bootstrapSecret'] ?? '';
    this.rootPem = readFileSync(path.join(this.#folder, 'ca/root.pem'), 'utf8');
    if (this.#process?.exitCode === null) await once(this.#process, 'exit');
  }

  /** Serves, and makes this process its first administrator. */
  async serve(): Promise<void> {
    const ports = ['--host', '127.0.0.1', '--quic-port', '0', '--https-port', '0'];
    const said = await this.#start(['serve', '--json', '--log-level', 'error', ...ports], 'listening');
    this.https = `https://${said['https']}`;
    this.quicPort = Number(said['quic']?.split(':').at(-1));
    const answer = await this.#post('/v1/bootstrap', { secret: this.#bootstrapSecret, name: 'bench' });
    this.key = answer['key'] as string;
  }

  async token(uses: number): Promise<string> {
    return (await this.#post('/v1/tokens', { uses }))['token'] as string;
  }

  async close(): Promise<void> {
    if (this.#process?.exitCode === null) {
      this.#process.kill();
      await once(this.#process, 'exit');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #post(route: string, body: unknown): Promise<Record<string, unknown>> {
    return post(`${this.https}${route}`, body, { trust: { ca: this.rootPem }, key: this.key });
  }

  async #start(args: readonly string[], event: string): Promise<Record<string, string>> {
    const command = ['--conditions=@qconn/source', ...PROFILE, PROGRAM, ...args, '--data', this.#folder];
    const child = spawn(process.execPath, command, {
      stdio: ['ignore', 'pipe', openSync(path.join(this.#folder, 'hub.log'), 'a')],
      env: {
        ...process.env,
        DATABASE_URL: this.#databaseUrl,
        // Every machine of the benchmark is at one address.
        QCONN_HUB_LIMITS_REQUESTS_PER_SECOND: '100000',
        QCONN_HUB_LIMITS_ENROLMENTS_PER_SECOND: '100000',
      },
    });
    this.#process = child;
    for await (const line of createInterface({ input: child.stdout as Readable })) {
      const said = JSON.parse(line) as Record<string, string>;
      if (said['event'] === event) return said;
    }
    const log = readFileSync(path.join(this.#folder, 'hub.log'), 'utf8');
    throw new Error(`qconn-hub ${args[0]} ended before it was ${event}: ${log.slice(-2_000)}`);
  }
}
