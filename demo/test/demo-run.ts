import { spawn, type ChildProcess } from 'node:child_process';
import { readdir, readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

/** A run of the demo as its user starts it, with a temporary folder of its own to look into afterwards. */
export class DemoRun {
  readonly temporary: string;
  readonly #child: ChildProcess;
  #output = '';
  #errors = '';
  readonly ended: Promise<number | null>;

  private constructor(temporary: string, child: ChildProcess) {
    this.temporary = temporary;
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    child.stderr?.on('data', (text: string) => (this.#errors += text));
    this.ended = new Promise((resolve) => child.once('close', resolve));
  }

  static async start(...args: string[]): Promise<DemoRun> {
    const temporary = await mkdtemp(join(tmpdir(), 'qconn-demo-test-'));
    const child = spawn(process.execPath, ['--conditions=@qconn/source', 'demo/main.ts', ...args], {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new DemoRun(temporary, child);
  }

  /** Everything that it has printed. */
  get output(): string {
    return this.#output;
  }

  /** What it has printed to standard error: how the two lie in each other depends on when they are read. */
  get errors(): string {
    return this.#errors;
  }

  get lines(): string[] {
    return this.#output.trimEnd().split('\n');
  }

  interrupt(): void {
    this.#child.kill('SIGINT');
  }

  /** Resolves when it has printed a text. @throws Error when it ends first */
  async printed(text: string): Promise<void> {
    if (this.#output.includes(text)) return;
    await new Promise<void>((resolve, reject) => {
      this.#child.stdout?.on('data', () => {
        if (this.#output.includes(text)) resolve();
      });
      void this.ended.then(() => reject(new Error(`the demo ended before it printed “${text}”:\n${this.#output}`)));
    });
  }

  /** What is left in its temporary folder. */
  async leftFiles(): Promise<string[]> {
    return readdir(this.temporary);
  }

  /** Processes that were started with something from its temporary folder and still run. */
  async leftProcesses(): Promise<number[]> {
    const left: number[] = [];
    for (const entry of await readdir('/proc')) {
      const command = /^[0-9]+$/.test(entry) ? await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '') : '';
      if (command.includes(this.temporary)) left.push(Number(entry));
    }
    return left;
  }

  /** Ends whatever a failed test has left. A process may write for a moment after it was killed, so the folder takes several tries. */
  async cleanUp(): Promise<void> {
    this.#child.kill('SIGKILL');
    for (const pid of await this.leftProcesses()) kill(pid);
    await rm(this.temporary, { recursive: true, force: true, maxRetries: 20 });
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
