import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RequestOptions } from '@qconn/client';
import { ENDING_WITH_US } from './ending-with-us.ts';
import type { Behaviour, Order, Word } from './machine-process.ts';

const PROGRAM = fileURLToPath(new URL('machine-process.ts', import.meta.url));

/** How one request ended for its sender. */
export type Ending = Omit<Extract<Word, { word: 'end' }>, 'word' | 'n'>;

/** A machine in a process of its own, which a test may stop, kill and start again. */
export class Machine {
  readonly #credentials: string;
  readonly #noDisk: boolean;
  readonly #words: Word[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #ran: string[] = [];
  #child: ChildProcess;
  #requests = 0;

  private constructor(credentials: string, noDisk: boolean) {
    this.#credentials = credentials;
    this.#noDisk = noDisk;
    this.#child = this.#spawn();
  }

  /** Starts it and waits until it is connected. @param options.noDisk it may not write another byte to a file */
  static async start(credentials: string, { noDisk = false }: { readonly noDisk?: boolean } = {}): Promise<Machine> {
    const machine = new Machine(credentials, noDisk);
    await machine.#heard((word) => word.word === 'online');
    return machine;
  }

  /** Provides a device. @returns its name and machine as an address has them are the caller's business */
  async provide(device: string, behaviour: Behaviour, concurrency?: number): Promise<void> {
    this.#order({ order: 'provide', device, behaviour, ...(concurrency !== undefined && { concurrency }) });
    await this.#heard((word) => word.word === 'provided' && word.device === device);
  }

  /** Sends a request. */
  request(address: string, options: RequestOptions = {}): SentRequest {
    const n = ++this.#requests;
    this.#order({ order: 'request', n, address, options });
    return {
      stage: async (stage) =>
        void (await this.#heard((word) => word.word === 'stage' && word.n === n && word.stage === stage)),
      ended: async () => {
        const { how, retrySafe } = (await this.#heard((word) => word.word === 'end' && word.n === n)) as Ending;
        return { how, retrySafe };
      },
      cancel: () => this.#order({ order: 'cancel', n }),
    };
  }

  /** Ends the jobs of the devices that wait for it. */
  release(): void {
    this.#order({ order: 'release' });
  }

  /** What its processes have begun to run, by the header `key` of each job. */
  get ran(): readonly string[] {
    return this.#ran;
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(name);
  }

  /** As a power cut does. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** Starts it again and waits until it is connected. */
  async restart(): Promise<void> {
    await this.kill();
    this.#words.length = 0;
    this.#child = this.#spawn();
    await this.#heard((word) => word.word === 'online');
  }

  #spawn(): ChildProcess {
    const command = [process.execPath, '--conditions=@qconn/source', ...ENDING_WITH_US, PROGRAM];
    const args = [...command, this.#credentials, `${this.#credentials}/jobs.journal`];
    // A limit of the size of files, which is told as an error instead of a signal.
    const shell = ['/bin/sh', '-c', 'trap "" XFSZ; ulimit -f 0; exec "$@"', 'sh'];
    const [program = '', ...rest] = this.#noDisk ? [...shell, ...args] : args;
    const child = spawn(program, rest, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', (word: Word) => {
      this.#words.push(word);
      if (word.word === 'ran') this.#ran.push(word.key);
      for (const look of this.#waiting) look();
    });
    return child;
  }

  #order(order: Order): void {
    this.#child.send(order);
  }

  #heard(wanted: (word: Word) => boolean): Promise<Word> {
    return new Promise((resolve) => {
      const look = (): void => {
        const word = this.#words.find(wanted);
        if (word === undefined) return;
        this.#waiting.delete(look);
        resolve(word);
      };
      this.#waiting.add(look);
      look();
    });
  }
}

/** A request on its way. */
export interface SentRequest {
  /** Waits until a stage has been reported. */
  stage(stage: string): Promise<void>;
  ended(): Promise<Ending>;
  cancel(): void;
}
