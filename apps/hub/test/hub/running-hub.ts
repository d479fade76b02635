import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Clock } from '@qconn/clock';
import {
  CertificateAuthority,
  createCsr,
  exportPrivateKeyPem,
  exportSpki,
  formatSecret,
  generateKeyPair,
  generateSecret,
  hashSecret,
  parseSecret,
} from '@qconn/identity';
import { ALPN_QCONN_1 } from '@qconn/protocol';
import { openStore, type RoleGrant, type Store } from '@qconn/store';
import { createDatabase, type TestDatabase } from '@qconn/testkit';
import {
  createQuicEndpoint,
  type Connection,
  type ConnectTarget,
  type Endpoint,
  type TlsIdentity,
} from '@qconn/transport';
import { Hub, initialise, loadHubConfig, openHubAuthority, type HubConfig } from '../../src/index.ts';
import { saveAuthority } from '../../src/authority/authority-files.ts';
import type { HubAuthority } from '../../src/authority/hub-authority.ts';
import { authorityFolder } from '../../src/authority/authority-folders.ts';
import { MachineCertificates } from '../../src/admission/certificates.ts';
import { ask } from '../metrics/hub-request.ts';
import { CapturedLog } from './captured-log.ts';

const DAY_MS = 86_400_000;

/** A machine of a test, enrolled without the network. */
export interface TestMachine {
  readonly fingerprint: string;
  readonly tls: TlsIdentity;
}

/** What a test's hub has otherwise than others. */
export interface RunningHubOptions {
  readonly clock?: Clock;
  readonly config?: Partial<HubConfig>;
  /** The embedded database instead of the server, which starts faster. */
  readonly embedded?: boolean;
  /** Another way to the database than straight. @returns its URL */
  readonly reach?: (databaseUrl: string) => Promise<string>;
}

/** A hub in this process, on real QUIC and HTTPS, with its store and log within reach. */
export class RunningHub {
  readonly log: CapturedLog;
  readonly hub: Hub;
  readonly store: Store;
  /** The CA that it was started with. */
  readonly authority: CertificateAuthority;
  readonly hubAuthority: HubAuthority;
  readonly bootstrapSecret: string;
  readonly #folder: string;
  readonly #database: TestDatabase | undefined;
  readonly #endpoint: Endpoint;

  private constructor(
    parts: Pick<RunningHub, 'log' | 'hub' | 'store' | 'authority' | 'hubAuthority' | 'bootstrapSecret'>,
    folder: string,
    database: TestDatabase | undefined,
    endpoint: Endpoint,
  ) {
    this.log = parts.log;
    this.hub = parts.hub;
    this.store = parts.store;
    this.authority = parts.authority;
    this.hubAuthority = parts.hubAuthority;
    this.bootstrapSecret = parts.bootstrapSecret;
    this.#folder = folder;
    this.#database = database;
    this.#endpoint = endpoint;
  }

  static async start(options: RunningHubOptions = {}): Promise<RunningHub> {
    const database = options.embedded === true ? undefined : await createDatabase();
    const folder = await mkdtemp(join(tmpdir(), 'qconn-hub-test-'));
    const config = loadHubConfig({
      flags: {
        '--data': { path: 'dataFolder', value: folder },
        '--host': { path: 'listen.host', value: '127.0.0.1' },
        '--quic-port': { path: 'listen.quicPort', value: 0 },
        '--https-port': { path: 'listen.httpsPort', value: 0 },
      },
    });
    // The CA has existed for a while, so that certificates of it can have expired.
    await saveAuthority(
      authorityFolder(folder),
      await CertificateAuthority.create({ name: 'Test', now: Date.now() - 30 * DAY_MS }),
    );
    const store = await openStore(
      database === undefined ? { memory: true } : { url: (await options.reach?.(database.url)) ?? database.url },
    );
    const { bootstrapSecret } = await initialise(config, store, systemClock);
    const hubAuthority = await openHubAuthority(config, store);
    const authority = hubAuthority.issuing;
    const log = new CapturedLog();
    const hub = await Hub.start(
      { ...config, ...options.config },
      {
        store,
        authority: hubAuthority,
        log: log.logger,
        ...(options.clock === undefined ? {} : { clock: options.clock }),
      },
    );
    return new RunningHub(
      { log, hub, store, authority, hubAuthority, bootstrapSecret },
      folder,
      database,
      await createQuicEndpoint({ clock: systemClock }),
    );
  }

  get httpsUrl(): string {
    return `https://127.0.0.1:${this.hub.httpsAddress.port}`;
  }

  /** A new enrolment token. */
  async token(options: { uses?: number; expiresAt?: number; pin?: Uint8Array } = {}): Promise<string> {
    const secret = generateSecret('qt', options.pin ?? this.authority.rootPin);
    const { uses = 1, expiresAt = Date.now() + 60_000 } = options;
    await this.store.tokens.create({
      id: secret.idText,
      secretHash: hashSecret(secret.secret),
      expiresAt,
      uses,
      actor: 'test',
      now: Date.now(),
    });
    return formatSecret('qt', secret);
  }

  /** A new API key with these roles. */
  async key(roles: readonly string[], expiresAt: number = Date.now() + DAY_MS): Promise<string> {
    const secret = generateSecret('qk');
    const act = { actor: 'test', now: Date.now() };
    const secretHash = hashSecret(secret.secret);
    await this.store.keys.create({ id: secret.idText, name: 'test', secretHash, scopes: roles, expiresAt, ...act });
    return formatSecret('qk', secret);
  }

  async revokeKey(key: string): Promise<void> {
    await this.store.keys.revoke({ id: parseSecret(key, 'qk').idText, actor: 'test', now: Date.now() });
  }

  /** Resolves when what the store has been told is in force: a plan of roles waits for that. */
  async policyInForce(): Promise<void> {
    const key = await this.key(['admin']);
    const { status } = await ask(this, '/v1/roles/plan', { method: 'POST', key, body: { roles: [] } });
    if (status !== 200) throw new Error(`the hub answered ${status}`);
  }

  /** Enrols a machine straight into the store. */
  async machine(validityMs = 86_400_000): Promise<TestMachine> {
    const certificates = new MachineCertificates(
      { clock: systemClock, store: this.store, authority: this.hubAuthority },
      { validityMs, graceMs: 30 * DAY_MS, recoveriesMax: 3 },
    );
    const keys = await generateKeyPair();
    const token = parseSecret(await this.token());
    const { enrolment, chain, trust } = await certificates.enrol({
      token,
      csr: await createCsr(keys),
      hostname: undefined,
      facts: {},
    });
    return {
      fingerprint: enrolment.machine.fingerprint,
      tls: { keyPem: exportPrivateKeyPem(keys.privateKey), chainPem: chain, trustPem: trust },
    };
  }

  /** Authorizes a machine with a role of its own. */
  async authorize({ fingerprint }: TestMachine, hostname: string, grants: readonly RoleGrant[]): Promise<void> {
    const act = { actor: 'test', now: Date.now() };
    const name = `role-${randomUUID()}`;
    await this.store.roles.put({ name, grants, ...act });
    await this.store.machines.approve({ fingerprint, hostname, roles: [name], ...act });
  }

  /** A certificate of the hub's CA for a machine that never enrolled. @param now when it was issued, epoch milliseconds */
  async strayCertificate(now: number): Promise<TlsIdentity> {
    const keys = await generateKeyPair();
    const spki = await exportSpki(keys.publicKey);
    const { chainPem } = await this.authority.issueMachine({ spki, now, validityMs: DAY_MS });
    return { keyPem: exportPrivateKeyPem(keys.privateKey), chainPem, trustPem: [this.authority.rootPem] };
  }

  /** A connection to the hub; the handshake has finished on this side. */
  async connect(
    tls: TlsIdentity,
    alpns: readonly string[] = [ALPN_QCONN_1],
    changes: Partial<ConnectTarget> = {},
  ): Promise<Connection> {
    return this.#endpoint.connect({
      address: { host: '127.0.0.1', port: this.hub.quicAddress.port },
      serverName: '127.0.0.1',
      alpns,
      tls,
      ...changes,
    });
  }

  async close(): Promise<void> {
    await this.#endpoint.close();
    await this.hub.close();
    await this.store.close();
    await this.#database?.drop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
