import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Calls } from './machines.ts';

/** The fleet, in a process of its own that ends with this one. */
export class MachinesProcess {
  readonly #process: ChildProcess = fork(path.resolve(import.meta.dirname, 'machines.ts'), [], {
    execArgv: ['--conditions=@qconn/source'],
  });

  /** Has it do something. @throws Error when it ends instead */
  async call<Name extends keyof Calls>(name: Name, task: Calls[Name]['task']): Promise<Calls[Name]['answer']> {
    this.#process.send({ name, task });
    const outcome = await Promise.race([
      once(this.#process, 'message'),
      once(this.#process, 'exit').then(([code]) => new Error(`The machines’ process ended with code ${code}.`)),
    ]);
    if (outcome instanceof Error) throw outcome;
    return outcome[0] as Calls[Name]['answer'];
  }

  close(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}
