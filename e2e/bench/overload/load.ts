import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a machine is told to do. */
export type Load =
  | { readonly kind: 'provide' }
  | { readonly kind: 'closed'; readonly inFlight: number; readonly ms: number }
  | { readonly kind: 'paced'; readonly perSecond: number; readonly ms: number };

/** What became of its requests, each in milliseconds. */
export interface Measured {
  readonly acceptedMs: number[];
  readonly refusedMs: number[];
}

const PROGRAM = fileURLToPath(new URL('machine-process.ts', import.meta.url));

/** A machine in a process of its own. */
export class LoadMachine {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(credentials: string): Promise<LoadMachine> {
    const args = ['--conditions=@qconn/source', PROGRAM, credentials];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    await once(child, 'message');
    return new LoadMachine(child);
  }

  async provide(): Promise<void> {
    const done = once(this.#child, 'message');
    this.#child.send({ kind: 'provide' } satisfies Load);
    await done;
  }

  async run(load: Exclude<Load, { kind: 'provide' }>): Promise<Measured> {
    const done = once(this.#child, 'message');
    this.#child.send(load);
    const [measured] = (await done) as [Measured];
    return measured;
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }
}
