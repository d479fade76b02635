import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** `QCONN_PROFILE=folder` leaves a CPU profile of each process there. */
const PROFILE =
  process.env['QCONN_PROFILE'] === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env['QCONN_PROFILE']}`];

/** A process of a benchmark. Ends with its parent. */
export class Child {
  readonly #process: ChildProcess;

  /** @param file the program's whole path @param task what it is to do: its first message @param flags of Node */
  constructor(file: string, task: unknown, flags: readonly string[] = []) {
    this.#process = fork(file, [], { execArgv: ['--conditions=@qconn/source', '--expose-gc', ...flags, ...PROFILE] });
    this.#process.send(task as object);
  }

  /** Has it run on one processor, with all its threads, where the system can do that. @returns whether it does */
  pin(processor: number): boolean {
    const { status } = spawnSync('taskset', ['-acp', String(processor), String(this.#process.pid)], {
      stdio: 'ignore',
    });
    return status === 0;
  }

  /** Its next message. */
  async next<T>(): Promise<T> {
    const answered = new AbortController();
    const { signal } = answered;
    try {
      const outcome = await Promise.race([
        once(this.#process, 'message', { signal }),
        once(this.#process, 'exit', { signal }).then(
          ([code]) => new Error(`a benchmark process ended with code ${code}`),
          (error: unknown) => error as Error,
        ),
      ]);
      if (outcome instanceof Error) throw outcome;
      return outcome[0] as T;
    } finally {
      answered.abort();
    }
  }

  tell(message: unknown): void {
    this.#process.send(message as object);
  }

  /** Its process ends when nobody talks to it any more. */
  kill(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}
