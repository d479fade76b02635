import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { runProgram } from '../src/program.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** How a process of `qconn-agent` ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `qconn-agent` as its own process. */
export class AgentProcess {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcessWithoutNullStreams;
  #stdout = '';
  #stderr = '';
  /** What it said last has come. */
  #closed = false;
  #changed: () => void = () => {};

  constructor(args: readonly string[], options: { env?: Readonly<Record<string, string>>; input?: string } = {}) {
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent', NO_COLOR: '1', ...options.env };
    this.#child = spawn(process.execPath, ['--conditions=@qconn/source', MAIN, ...args], { env });
    this.#child.stdout.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()));
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
      this.#changed();
    });
    this.#child.stdin.on('error', () => {});
    this.#child.stdin.end(options.input ?? '');
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        this.#closed = true;
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr });
        this.#changed();
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves when its standard error holds the text. @throws Error when it ends without */
  async says(text: string | RegExp): Promise<void> {
    for (;;) {
      if (typeof text === 'string' ? this.#stderr.includes(text) : text.test(this.#stderr)) return;
      if (this.#closed) throw new Error(`It ended without saying ${text}:\n${this.#stderr}${this.#stdout}`);
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }
}

/** Runs a command to its end in this process, which is ten times as fast as starting one. */
export async function runAgent(
  args: readonly string[],
  options: { env?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  const written = { stdout: '', stderr: '' };
  const take = (name: 'stdout' | 'stderr') =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      written[name] += String(chunk);
      return true;
    });
  const spies = [take('stdout'), take('stderr')];
  for (const [name, value] of Object.entries(options.env ?? {})) vi.stubEnv(name, value);
  try {
    return { code: await runProgram(['node', 'qconn-agent', ...args]), ...written };
  } finally {
    vi.unstubAllEnvs();
    for (const spy of spies) spy.mockRestore();
  }
}
