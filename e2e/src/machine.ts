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
  #numbers = 0;

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
    const n = ++this.#numbers;
    this.#order({ order: 'request', n, address, options });
    return this.#sent(n);
  }

  #sent(n: number): SentRequest {
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

  /** Waits until its process has begun a job with the header `key`: a job that is acknowledged need not have begun. */
  async began(key: string): Promise<void> {
    await this.#heard((word) => word.word === 'ran' && word.key === key);
  }

  /** Waits until a job with the header `key` that stops when it is told to was told. */
  async stopped(key: string): Promise<void> {
    await this.#heard((word) => word.word === 'stopped' && word.key === key);
  }

  /** What its processes have begun to run until now, by the header `key` of each job, in order. Asks, for words are on their way. */
  async ran(): Promise<readonly string[]> {
    await this.#obeyed((n) => ({ order: 'count', n }));
    return this.#ran;
  }

  /** Stops its process as SIGSTOP does. It does that itself, for a signal from here arrives when it likes. */
  async standStill(): Promise<void> {
    await this.#obeyed((n) => ({ order: 'stand still', n }));
  }

  /** Stops its process, which sends a request the moment it goes on, before it hears of what has come meanwhile. */
  async standStillBefore(address: string): Promise<SentRequest> {
    const sent = ++this.#numbers;
    const next = { order: 'request', n: sent, address, options: {} } as const;
    await this.#obeyed((n) => ({ order: 'stand still', n, next }));
    return this.#sent(sent);
  }

  /** It goes on after it stood still. */
  goOn(): void {
    this.#child.kill('SIGCONT');
  }

  /** As a power cut does. Resolves when its last word has been heard, too. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
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

  async #obeyed(order: (n: number) => Order): Promise<void> {
    const n = ++this.#numbers;
    this.#order(order(n));
    await this.#heard((word) => word.word === 'obeyed' && word.n === n);
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
