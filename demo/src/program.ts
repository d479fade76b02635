import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a program of this repository is started. */
export interface ProgramOptions {
  /** Path below the repository's root, such as `apps/hub/src/main.ts`; anything but TypeScript is executed as it is. */
  readonly source: string;
  readonly args: readonly string[];
  /** Standard output and standard error go to this path with `.out` and `.log` behind it. */
  readonly files: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** How long a program may take from SIGTERM to its end, in milliseconds, before it is killed. */
const STOP_DEADLINE_MS = 5_000;

/** A program of this repository as a process of its own, whose output is kept in files. */
export class Program {
  readonly #files: string;
  readonly #child: ChildProcess;
  /** The exit code, when the process has ended; 128 and more for a signal. */
  readonly ended: Promise<number>;

  private constructor(child: ChildProcess, files: string) {
    this.#child = child;
    this.#files = files;
    this.ended = new Promise((resolve, reject) => {
      child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
      child.once('error', reject);
    });
  }

  /** Starts it in a process group of its own: Ctrl-C on the terminal reaches the demo, which then stops it in order. */
  static start({ source, args, files, environment = {} }: ProgramOptions): Program {
    const out = openSync(`${files}.out`, 'a', 0o600);
    const log = openSync(`${files}.log`, 'a', 0o600);
    const [program, ...before] = source.endsWith('.ts')
      ? [process.execPath, '--conditions=@qconn/source', source]
      : [path.resolve(ROOT, source)];
    const child = spawn(program, [...before, ...args], {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', out, log],
      env: { ...process.env, ...environment },
    });
    closeSync(out);
    closeSync(log);
    return new Program(child, files);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it has written to standard output. */
  get output(): string {
    return readFileSync(`${this.#files}.out`, 'utf8');
  }

  /** The end of what it has written to standard error, to show when something went wrong. */
  get lastLines(): string {
    return readFileSync(`${this.#files}.log`, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
  }

  /** Lets it run on when the demo ends. */
  leave(): void {
    this.#child.unref();
  }

  /** Stops it: SIGTERM, and SIGKILL if that does not do. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await this.ended.catch(() => 1);
    clearTimeout(timer);
  }
}
