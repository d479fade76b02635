import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { fetchPinnedTrust, HubHttps, parseSecret } from '@qconn/client';
import { systemClock } from '@qconn/clock';
import { LabelPrinter } from './label-printer.ts';
import { Lims } from './lims.ts';
import { Program } from './program.ts';
import { waitFor } from './wait-for.ts';

/** How long a program may take to start, in milliseconds: a new database takes seconds, and most of a minute on a busy machine. */
const START_DEADLINE_MS = 300_000;

/** Where the running hub is, and the administrator's way to it. */
export interface RunningHub {
  readonly program: Program;
  readonly quic: string;
  readonly https: string;
  readonly bootstrapSecret: string;
}

/**
 * Everything that the demo starts, with its temporary folder. `strike` ends it all, in whatever state
 * it is; what is to be left running is left with its folder.
 */
export class Cast {
  readonly folder: string;
  readonly #agent: string;
  readonly #programs: Program[] = [];
  #printer: LabelPrinter | undefined;
  #lims: Lims | undefined;
  #kept: Program | undefined;
  #struck = false;

  private constructor(folder: string, agent: string) {
    this.folder = folder;
    this.#agent = agent;
  }

  /** @param agent the agent's program: a source below the repository's root, or a file that can be executed */
  static async gather(agent = 'apps/agent/src/main.ts'): Promise<Cast> {
    return new Cast(await mkdtemp(join(tmpdir(), 'qconn-demo-')), agent);
  }

  /** Starts a new hub on the embedded database and waits until it listens. */
  async startHub(): Promise<RunningHub> {
    const args = [
      'serve',
      '--init',
      '--json',
      '--data',
      join(this.folder, 'hub'),
      '--host',
      '127.0.0.1',
      '--quic-port',
      '0',
      '--https-port',
      '0',
    ];
    const program = this.#start('apps/hub/src/main.ts', args, 'hub');
    const lines = (): Record<string, string>[] =>
      program.output
        .split('\n')
        // What follows on the last end of a line may be half a line.
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, string>);
    const listening = await this.#until(program, 'the hub to listen', () =>
      lines().find(({ event }) => event === 'listening'),
    );
    const initialised = lines().find(({ event }) => event === 'initialised');
    return {
      program,
      quic: listening['quic'] ?? '',
      https: `https://${listening['https'] ?? ''}`,
      bootstrapSecret: initialised?.['bootstrapSecret'] ?? '',
    };
  }

  /** Exchanges the bootstrap secret for an administrator's key, over a connection whose root CA matches the pin in it. */
  async becomeAdministrator({
    https: url,
    bootstrapSecret,
  }: RunningHub): Promise<{ readonly api: HubHttps; readonly key: string; readonly pin: string }> {
    const { pin = new Uint8Array() } = parseSecret(bootstrapSecret, 'qb');
    const { pem: trustPem } = await fetchPinnedTrust(new URL(url), pin, systemClock);
    const guest = new HubHttps({ url, trustPem });
    const { key } = (await guest.call('POST', '/v1/bootstrap', { secret: bootstrapSecret, name: 'demo' })) as {
      key: string;
    };
    guest.close();
    return { api: new HubHttps({ url, trustPem, key }), key, pin: Buffer.from(pin).toString('hex') };
  }

  async startPrinter(): Promise<LabelPrinter> {
    this.#goOn();
    this.#printer = await LabelPrinter.start();
    return this.#printer;
  }

  startLims(): Lims {
    this.#goOn();
    this.#lims = Lims.start();
    return this.#lims;
  }

  /** Writes the agent's configuration: one device whose jobs go to the printer. */
  async configureAgent(hub: RunningHub, printer: LabelPrinter): Promise<string> {
    this.#goOn();
    const credentials = join(this.folder, 'printer-pc');
    await mkdir(credentials, { mode: 0o700 });
    const path = join(this.folder, 'agent.yaml');
    const device = {
      name: 'zebra-1',
      serviceTypes: ['print'],
      adapter: { type: 'tcp', host: '127.0.0.1', port: printer.port },
    };
    this.#goOn();
    await writeFile(path, stringify({ hub: hub.https, hostname: 'printer-pc', credentials, devices: [device] }), {
      mode: 0o600,
    });
    return path;
  }

  /** Runs a command of the agent to its end. @throws Error with what it wrote when it fails */
  async runAgent(
    name: string,
    args: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ): Promise<string> {
    const program = this.#start(this.#agent, args, name, environment);
    if ((await program.ended) !== 0) throw new Error(`qconn-agent ${args[0]} failed:\n${program.lastLines}`);
    return program.output;
  }

  startAgent(config: string): Program {
    return this.#start(this.#agent, ['run', '--config', config], 'agent');
  }

  /** Lets a program and its files outlive the demo. */
  keep(program: Program): void {
    this.#kept = program;
    program.leave();
  }

  /** Ends everything that was started, starts nothing more, and removes the folder. */
  async strike(): Promise<void> {
    this.#struck = true;
    await this.#lims?.stop();
    await Promise.all(this.#programs.filter((program) => program !== this.#kept).map((program) => program.stop()));
    await this.#printer?.stop();
    if (this.#kept === undefined) await rm(this.folder, { recursive: true, force: true });
  }

  /** @throws Error when all is being ended, for what began then would be left behind */
  #goOn(): void {
    if (this.#struck) throw new Error('the demo has been ended');
  }

  #start(
    source: string,
    args: readonly string[],
    name: string,
    environment?: Readonly<Record<string, string>>,
  ): Program {
    this.#goOn();
    const program = Program.start({
      source,
      args,
      files: join(this.folder, name),
      ...(environment ? { environment } : {}),
    });
    this.#programs.push(program);
    return program;
  }

  /** Waits for a sign of a program; one that ends before it gives the sign has failed. */
  async #until<T>(program: Program, what: string, look: () => T | undefined): Promise<T> {
    let ended = false;
    void program.ended.then(() => (ended = true));
    return waitFor(what, START_DEADLINE_MS, () => {
      const found = look();
      if (found === undefined && ended) throw new Error(`${what.replace(' to ', ' did not ')}:\n${program.lastLines}`);
      return found;
    });
  }
}
