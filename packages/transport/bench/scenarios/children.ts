import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const FOLDER = path.resolve(import.meta.dirname, '../processes');

/** `QCONN_PROFILE=folder` leaves a CPU profile of each process there. */
const PROFILE =
  process.env['QCONN_PROFILE'] === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env['QCONN_PROFILE']}`];

/** A process of the benchmark. Ends with its parent. */
export class Child {
  readonly #process: ChildProcess;

  /** @param file in `bench/processes` @param task what it is to do */
  constructor(file: string, task: unknown) {
    this.#process = fork(path.join(FOLDER, file), [], {
      execArgv: ['--conditions=@qconn/source', '--expose-gc', ...PROFILE],
    });
    this.#process.send(task as object);
  }

  /** Its next message. */
  async next<T>(): Promise<T> {
    const outcome = await Promise.race([
      once(this.#process, 'message'),
      once(this.#process, 'exit').then(([code]) => new Error(`a benchmark process ended with code ${code}`)),
    ]);
    if (outcome instanceof Error) throw outcome;
    return outcome[0] as T;
  }

  tell(message: unknown): void {
    this.#process.send(message as object);
  }

  /** Its process ends when nobody talks to it any more. */
  kill(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}
