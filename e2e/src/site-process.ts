import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CredentialStore, enroll, type HubHttps } from '@qconn/client';
import type { TestDatabase } from '@qconn/testkit';
import { becomeAdministrator } from './administrator.ts';
import { HubProcess } from './hub-process.ts';

/** A hub as a process of its own, with its administrator and its machines' credentials on disk. */
export class SiteProcess {
  readonly folder: string;
  readonly api: HubHttps;
  readonly #database: TestDatabase;
  readonly #environment: Readonly<Record<string, string>>;
  #hub: HubProcess;

  private constructor(
    folder: string,
    database: TestDatabase,
    environment: Readonly<Record<string, string>>,
    hub: HubProcess,
    api: HubHttps,
  ) {
    this.folder = folder;
    this.#database = database;
    this.#environment = environment;
    this.#hub = hub;
    this.api = api;
  }

  /** @param database its own; dropped at the end @param environment the hub's settings */
  static async open(database: TestDatabase, environment: Readonly<Record<string, string>> = {}): Promise<SiteProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'qconn-site-'));
    const hub = await HubProcess.start(join(folder, 'hub'), database.url, undefined, environment);
    const api = await becomeAdministrator(`https://${hub.https}`, hub.bootstrapSecret ?? '');
    const grants = ['provide', 'submit', 'query'].map((verb) => ({ effect: 'allow', verb, serviceTypes: ['*'] }));
    await api.call('PUT', '/v1/roles/all', { grants }, { 'if-none-match': '*' });
    return new SiteProcess(folder, database, environment, hub, api);
  }

  get hub(): HubProcess {
    return this.#hub;
  }

  credentials(name: string): CredentialStore {
    return new CredentialStore(join(this.folder, name));
  }

  /** A token whose machines need no approval and may do everything. */
  async token(uses: number): Promise<string> {
    const body = { uses, roles: ['all'], autoApprove: true };
    return ((await this.api.call('POST', '/v1/tokens', body)) as { token: string }).token;
  }

  /** Enrols a machine that may do everything. */
  async enrol(name: string): Promise<CredentialStore> {
    const store = this.credentials(name);
    await enroll({ hub: this.api.url.origin, token: await this.token(1), store, hostname: name, agent: 'e2e/1' });
    return store;
  }

  /** Kills the hub as a power cut does. */
  async kill(): Promise<void> {
    await this.#hub.kill();
  }

  /** Starts it again where it was. Resolves when it listens. */
  async restart(): Promise<void> {
    const { ports } = this.#hub;
    this.#hub = await HubProcess.start(join(this.folder, 'hub'), this.#database.url, ports, this.#environment);
  }

  async close(): Promise<void> {
    this.api.close();
    await this.#hub.kill('SIGTERM');
    await this.#database.drop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
