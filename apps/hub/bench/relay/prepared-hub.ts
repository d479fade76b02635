import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '@qconn/clock';
import type { CertificateAuthority } from '@qconn/identity';
import { createDatabase, startPostgres } from '@qconn/testkit';
import { Child } from '../../../../tooling/measure/child.ts';
import { loadHubConfig, type HubConfig } from '../../src/config/hub-config.ts';
import { initialise, openHubAuthority, openHubStore } from '../../src/initialise.ts';
import { insertMachines, ROLE, SERVICE_TYPE, type BenchMachine } from './machines.ts';
import type { HubTask, HubUsage } from './processes/hub.ts';

/** A hub of its own database and CA, not running yet: machines are added first. */
export class PreparedHub {
  readonly authority: CertificateAuthority;
  /** IP addresses at which it can be reached, each of which is another source of connections. */
  readonly hosts: readonly string[] = ownAddresses();
  readonly #task: HubTask;
  readonly #release: (() => Promise<void>)[];

  private constructor(authority: CertificateAuthority, task: HubTask, release: (() => Promise<void>)[]) {
    this.authority = authority;
    this.#task = task;
    this.#release = release;
  }

  static async make(): Promise<PreparedHub> {
    const release: (() => Promise<void>)[] = [];
    if ((process.env['DATABASE_URL'] ?? '') === '') {
      const server = await startPostgres();
      process.env['DATABASE_URL'] = server.url;
      release.push(() => server.stop());
    }
    const database = await createDatabase();
    const folder = await mkdtemp(path.join(tmpdir(), 'qconn-bench-relay-'));
    release.unshift(
      () => database.drop(),
      () => rm(folder, { recursive: true, force: true }),
    );
    const task: HubTask = { folder, databaseUrl: database.url, hosts: ownAddresses() };
    const config = benchConfig(task);
    const store = await openHubStore(config);
    try {
      await initialise(config, store, systemClock);
      const grants = (['submit', 'provide', 'query'] as const).map((verb) => ({
        effect: 'allow' as const,
        verb,
        serviceTypes: [SERVICE_TYPE],
      }));
      await store.roles.put({ name: ROLE, grants, actor: 'bench', now: Date.now() });
      return new PreparedHub((await openHubAuthority(config, store)).issuing, task, release);
    } finally {
      await store.close();
    }
  }

  /** Where its CA is. */
  get folder(): string {
    return this.#task.folder;
  }

  addMachines(machines: readonly BenchMachine[]): Promise<void> {
    return insertMachines(this.#task.databaseUrl, machines);
  }

  async start(): Promise<HubChild> {
    const child = new Child(path.resolve(import.meta.dirname, 'processes/hub.ts'), this.#task, await programFlags());
    const { port } = await child.next<{ port: number }>();
    return new HubChild(child, port);
  }

  async close(): Promise<void> {
    for (const release of this.#release) await release();
  }
}

/** The flags of Node with which the hub's program begins. */
async function programFlags(): Promise<string[]> {
  const program = await readFile(path.resolve(import.meta.dirname, '../../src/main.ts'), 'utf8');
  const [interpreter = ''] = program.split('\n', 1);
  return interpreter.split(' ').filter((word) => word.startsWith('--'));
}

/** A running hub. */
export class HubChild {
  readonly port: number;
  readonly #child: Child;

  constructor(child: Child, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** See {@link Child.pin}. */
  pin(processor: number): boolean {
    return this.#child.pin(processor);
  }

  /** What it has used since it was asked before. */
  usage(): Promise<HubUsage> {
    const answer = this.#child.next<HubUsage>();
    this.#child.tell('usage');
    return answer;
  }

  kill(): void {
    this.#child.kill();
  }
}

/** The configuration of the hub: as it comes, but for where things are. */
export function benchConfig({ folder, databaseUrl, hosts }: HubTask): HubConfig {
  return loadHubConfig({
    flags: {
      '--data': { path: 'dataFolder', value: folder },
      '--database': { path: 'database.url', value: databaseUrl },
      '--hosts': { path: 'hosts', value: [...hosts] },
      '--quic-port': { path: 'listen.quicPort', value: 0 },
      '--https-port': { path: 'listen.httpsPort', value: 0 },
      '--log-level': { path: 'log.level', value: 'error' },
    },
  });
}

/** The loopback first. Link-local ones need a zone and are left out. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const usable = all.filter(({ address }) => !address.startsWith('fe80:')).map(({ address }) => address);
  return ['127.0.0.1', ...usable.filter((address) => address !== '127.0.0.1')];
}
