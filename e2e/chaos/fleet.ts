import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENDING_WITH_US } from '../src/ending-with-us.ts';

/** Longest that a process may take to end by itself after SIGTERM, in milliseconds: keyed requests are repeated for two minutes. */
const END_MS = 300_000;

/** One process with some machines in it, which is killed and started again. */
export class FleetProcess {
  readonly name: string;
  readonly #file: string;
  readonly #argumentsOf: (run: string) => readonly string[];
  readonly #journal: string;
  readonly #runs: string[] = [];
  readonly #killed: Set<string>;
  #child: ChildProcess | undefined;
  /** Resolves once the process minds SIGTERM, or is gone. */
  #mindful: Promise<unknown> = Promise.resolve();

  /** @param killed is told the name of each run that is killed */
  constructor(
    name: string,
    folder: string,
    file: 'provider-process.ts' | 'sender-process.ts',
    parts: { argumentsOf: (journal: string, run: string) => readonly string[]; killed: Set<string> },
  ) {
    this.name = name;
    this.#file = fileURLToPath(new URL(file, import.meta.url));
    this.#journal = join(folder, `${name}.jsonl`);
    this.#argumentsOf = (run) => parts.argumentsOf(this.#journal, run);
    this.#killed = parts.killed;
    writeFileSync(this.#journal, '');
  }

  get journal(): string {
    return this.#journal;
  }

  start(): void {
    const run = `${this.name}.${this.#runs.length}`;
    this.#runs.push(run);
    const args = ['--conditions=@qconn/source', ...ENDING_WITH_US, this.#file, ...this.#argumentsOf(run)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#child = child;
    this.#mindful = Promise.race([once(child, 'message'), once(child, 'exit')]);
  }

  /** As a power cut does. */
  async kill(): Promise<void> {
    const child = this.#running();
    if (child === undefined) return;
    this.#killed.add(this.#runs.at(-1) ?? '');
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** @returns what is wrong with how it ended; a process that keeps a handle open does not end at all */
  async stop(): Promise<string | undefined> {
    const child = this.#running();
    if (child === undefined) return `${this.name} ended by itself with ${this.#child?.exitCode}`;
    const exited = once(child, 'exit');
    // One that was started a moment ago would die of the signal before it could end by itself.
    await this.#mindful;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
    await exited;
    clearTimeout(timer);
    if (child.exitCode === 0) return undefined;
    return `${this.name} did not end cleanly: ${child.signalCode ?? `exit code ${child.exitCode}`}`;
  }

  #running(): ChildProcess | undefined {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null ? child : undefined;
  }
}
