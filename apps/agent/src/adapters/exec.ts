import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Answer, Job } from '@qconn/client';
import type { Clock } from '@qconn/clock';
import type { Adapter, AdapterDependencies } from './adapter.ts';
import { jobEnvironment } from './exec-environment.ts';
import { cancelled, refused, throwIfCancelled } from './failures.ts';
import { ProgramRun } from './program-run.ts';

/** A program that is started for each job: the body on its standard input, the answer on its standard output. */
export interface ExecSettings {
  readonly type: 'exec';
  /** Program and arguments, as they are: no shell reads them. */
  readonly argv: readonly string[];
  /** Folder to run in. The agent's own when left out. */
  readonly folder?: string;
  /** Variables to set. */
  readonly environment: Readonly<Record<string, string>>;
  /** Names of the agent's own variables to pass on, beside the few that every program needs. */
  readonly passEnvironment: readonly string[];
  /** Time for the program to end, in milliseconds. */
  readonly timeoutMs: number;
  /** Time between SIGTERM and SIGKILL, in milliseconds. */
  readonly killGraceMs: number;
  readonly answerMaxBytes: number;
}

/** Runs a program for each job, in a process group that ends with the job. */
export class ExecAdapter implements Adapter {
  readonly target: string;
  readonly #settings: ExecSettings;
  readonly #clock: Clock;
  readonly #runs = new Set<ProgramRun>();
  readonly #closing = new AbortController();

  constructor(settings: ExecSettings, { clock }: AdapterDependencies) {
    this.target = `exec ${settings.argv[0]}`;
    this.#settings = settings;
    this.#clock = clock;
  }

  async handle(job: Job): Promise<Answer> {
    const signal = AbortSignal.any([job.signal, this.#closing.signal]);
    throwIfCancelled(signal);
    const child = await this.#start(job);
    const run = new ProgramRun(child, { target: this.target, clock: this.#clock }, this.#settings);
    this.#runs.add(run);
    const abort = (): void => run.stop(cancelled(signal));
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort(); // It fired while the program was being started.
    // An answer that goes on as it comes is the program's until it ends.
    void run.ended.then(() => {
      signal.removeEventListener('abort', abort);
      this.#runs.delete(run);
    });
    return run.finish(job);
  }

  /** Ends what is running, as a cancellation does, and waits for it. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#runs].map((run) => run.ended));
  }

  /** @throws QconnError `rejected`: nothing has run */
  #start(job: Job): Promise<ChildProcessWithoutNullStreams> {
    const { argv, folder, environment, passEnvironment } = this.#settings;
    const [program = '', ...args] = argv;
    const env = jobEnvironment(job, { environment, passEnvironment }, process.env);
    const options = {
      ...(folder === undefined ? {} : { cwd: folder }),
      env,
      detached: true,
      shell: false,
      windowsHide: true,
    };
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, options);
      child.once('error', (error) => {
        child.removeAllListeners();
        reject(refused(`${this.target} cannot be started: ${this.#whyNot(error)}.`, error));
      });
      child.once('spawn', () => {
        child.removeAllListeners('error').on('error', () => {}); // Signals that cannot be delivered.
        resolve(child);
      });
    });
  }

  #whyNot(error: NodeJS.ErrnoException): string {
    const { folder } = this.#settings;
    if (folder !== undefined && !existsSync(folder)) return `its folder ${folder} does not exist`;
    if (error.code === 'ENOENT') return 'there is no such program';
    if (error.code === 'EACCES') return 'it is not executable for this user';
    if (error.code === 'EAGAIN') return 'this system has no room for another process';
    return error.message;
  }
}
