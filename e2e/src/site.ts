import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { Tracer } from '@opentelemetry/api';
import { connect, CredentialStore, enroll, HubHttps, type Client, type Enrolment } from '@qconn/client';
import { systemClock } from '@qconn/clock';
import { Hub, initialise, loadHubConfig, openHubAuthority, openHubStore, type HubConfig } from '@qconn/hub';
import { createLog } from '@qconn/startup';
import type { Store } from '@qconn/store';
import { createDatabase, lastingPort, type TestDatabase } from '@qconn/testkit';
import { becomeAdministrator } from './administrator.ts';

/** A grant as the API takes it. */
export interface Grant {
  readonly effect: 'allow' | 'deny';
  readonly verb: 'provide' | 'submit' | 'query';
  readonly serviceTypes: readonly string[];
}

/** What a site is made of. */
export interface SiteOptions {
  readonly database?: 'postgresql' | 'embedded';
  readonly environment?: Readonly<Record<string, string>>;
  /** Takes the spans of the hub's exchanges, until it is restarted. */
  readonly tracer?: Tracer;
}

/**
 * A hub in this process with everything around it: database, administrator, machines with their
 * credentials on disk. `stop` and `restart` act on the hub alone; `close` ends it all.
 */
export class Site {
  readonly folder: string;
  readonly api: HubHttps;
  readonly #config: HubConfig;
  readonly #log: string[] = [];
  readonly #clients = new Set<Client>();
  #store: Store;
  #hub: Hub;
  #database: TestDatabase | undefined;

  private constructor(folder: string, config: HubConfig, store: Store, hub: Hub, api: HubHttps, log: string[]) {
    this.folder = folder;
    this.#config = config;
    this.#store = store;
    this.#hub = hub;
    this.api = api;
    this.#log = log;
  }

  /**
   * @param options.database `postgresql`, a database of its own on the test run's server, which starts fast; or `embedded`
   * @param options.environment variables for the hub's configuration
   */
  static async open({ database: kind = 'postgresql', environment = {}, tracer }: SiteOptions = {}): Promise<Site> {
    const database = kind === 'postgresql' ? await createDatabase() : undefined;
    const databaseUrl = database?.url;
    const folder = await mkdtemp(join(tmpdir(), 'qconn-e2e-'));
    const log: string[] = [];
    // A hub that restarts has to be found again.
    const config = configOf(folder, databaseUrl, environment, await lastingPort());
    const { store, hub, bootstrapSecret } = await startHub(config, log, tracer);
    const api = await becomeAdministrator(`https://127.0.0.1:${hub.httpsAddress.port}`, bootstrapSecret ?? '');
    const site = new Site(folder, config, store, hub, api, log);
    site.#database = database;
    return site;
  }

  get hubUrl(): string {
    return this.api.url.origin;
  }

  get store(): Store {
    return this.#store;
  }

  /** Lines of the hub's log so far. */
  get log(): readonly Record<string, unknown>[] {
    return this.#log.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** The API for another key. */
  async as(key: string): Promise<HubHttps> {
    const { rootPem } = (await this.api.call('GET', '/v1/hub')) as { rootPem: string };
    return new HubHttps({ url: this.api.url, trustPem: [rootPem], key });
  }

  async token(body: Record<string, unknown> = {}): Promise<string> {
    return ((await this.api.call('POST', '/v1/tokens', body)) as { token: string }).token;
  }

  /** Enrols a machine; its credential is in {@link credentials}. */
  async enrol(name: string): Promise<Enrolment> {
    return enroll({
      hub: this.hubUrl,
      token: await this.token(),
      store: this.credentials(name),
      hostname: name,
      agent: 'e2e/1',
    });
  }

  credentials(name: string): CredentialStore {
    return new CredentialStore(join(this.folder, name));
  }

  /** Authorizes a machine under its name with a role made of these grants. */
  async authorize(name: string, grants: readonly Grant[]): Promise<void> {
    await this.api.call('PUT', `/v1/roles/${name}-role`, { grants }, { 'if-none-match': '*' });
    await this.api.call('POST', `/v1/machines/${name}/approve`, { roles: [`${name}-role`] });
  }

  /** Connects as an enrolled machine. */
  async connect(name: string): Promise<Client> {
    const client = await connect({ credentials: this.credentials(name), agent: `${name}/1` });
    this.#clients.add(client);
    await client.connected();
    return client;
  }

  /** Enrols, authorizes and connects a machine. */
  async member(name: string, grants: readonly Grant[]): Promise<Client> {
    await this.enrol(name);
    await this.authorize(name, grants);
    return this.connect(name);
  }

  async stop(): Promise<void> {
    await this.#hub.close();
    await this.#store.close();
  }

  /** Starts the hub again after {@link stop}, at the same addresses. */
  async restart(): Promise<void> {
    const { store, hub } = await startHub(this.#config, this.#log);
    this.#store = store;
    this.#hub = hub;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.close(0)));
    this.api.close();
    await this.stop();
    await this.#database?.drop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function configOf(
  folder: string,
  url: string | undefined,
  environment: Readonly<Record<string, string>>,
  port: number,
): HubConfig {
  return loadHubConfig({
    environment,
    flags: {
      '--data': { path: 'dataFolder', value: join(folder, 'hub') },
      '--database': { path: 'database.url', value: url },
      '--host': { path: 'listen.host', value: '127.0.0.1' },
      '--quic-port': { path: 'listen.quicPort', value: port },
      '--https-port': { path: 'listen.httpsPort', value: port },
    },
  });
}

async function startHub(
  config: HubConfig,
  log: string[],
  tracer?: Tracer,
): Promise<{ store: Store; hub: Hub; bootstrapSecret: string | undefined }> {
  const store = await openHubStore(config);
  const fresh = (await store.hub.find()) === undefined ? await initialise(config, store, systemClock) : undefined;
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      log.push(...chunk.toString().trimEnd().split('\n'));
      done();
    },
  });
  const logger = createLog({ component: 'hub', format: 'json', destination });
  const authority = await openHubAuthority(config, store);
  const hub = await Hub.start(config, { store, authority, log: logger, tracer });
  return { store, hub, bootstrapSecret: fresh?.bootstrapSecret };
}
