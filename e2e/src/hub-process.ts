import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { lastingPort } from '@qconn/testkit';
import { ENDING_WITH_US } from './ending-with-us.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** `qconn-hub serve` as a process of its own, which a test may kill. */
export class HubProcess {
  readonly #child: ChildProcess;
  /** `address:port` of HTTPS and QUIC. */
  readonly https: string;
  readonly quic: string;
  /** Given when this start made the hub. */
  readonly bootstrapSecret: string | undefined;

  private constructor(
    child: ChildProcess,
    facts: { https: string; quic: string; bootstrapSecret: string | undefined },
  ) {
    this.#child = child;
    this.https = facts.https;
    this.quic = facts.quic;
    this.bootstrapSecret = facts.bootstrapSecret;
  }

  /**
   * Starts it and waits until it listens.
   * @param ports of an earlier start, to be found at again
   * @param program another that takes the same arguments
   * @throws Error when it ends first
   */
  static async start(
    folder: string,
    databaseUrl: string,
    ports?: { readonly quic: string; readonly https: string },
    environment: Readonly<Record<string, string>> = {},
    program = 'apps/hub/src/main.ts',
  ): Promise<HubProcess> {
    const port = ports === undefined ? String(await lastingPort()) : '';
    const args = [
      'serve',
      '--init',
      '--json',
      '--data',
      folder,
      '--host',
      '127.0.0.1',
      '--quic-port',
      ports?.quic ?? port,
      '--https-port',
      ports?.https ?? port,
    ];
    const child = spawn(process.execPath, ['--conditions=@qconn/source', ...ENDING_WITH_US, program, ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
      env: { ...process.env, ...environment, DATABASE_URL: databaseUrl },
    });
    // Neither the channel nor the process is to keep this one: whoever ends leaves no hub behind.
    child.channel?.unref();
    const { stdout } = child;
    if (stdout === null) throw new Error('the hub has no output');
    let bootstrapSecret: string | undefined;
    for await (const line of createInterface({ input: stdout })) {
      const said = JSON.parse(line) as Record<string, string>;
      bootstrapSecret ??= said['bootstrapSecret'];
      const { https, quic } = said;
      if (https !== undefined && quic !== undefined) return new HubProcess(child, { https, quic, bootstrapSecret });
    }
    throw new Error('the hub ended before it listened');
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get ports(): { quic: string; https: string } {
    return { quic: this.quic.split(':')[1] ?? '', https: this.https.split(':')[1] ?? '' };
  }

  /** Resolves when it has ended, however. */
  async ended(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }

  /** Ends it without a word to anybody, as a power cut does. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill(signal);
    await this.ended();
  }
}
