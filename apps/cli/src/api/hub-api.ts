import { randomUUID } from 'node:crypto';
import { HubHttps } from '@qconn/client';
import { isQconnError, QconnError } from '@qconn/protocol';
import type { CaStatus, Certificate } from './ca-views.ts';
import { pinOf } from './pin.ts';
import { path, withQuery } from './path.ts';
import type {
  AuditRow,
  AuditVerdict,
  Caller,
  Explanation,
  Grant,
  HubFacts,
  Key,
  LiveSession,
  Machine,
  MachineStatus,
  Page,
  PastExchange,
  Reloaded,
  Role,
  RolePlan,
  RoleSet,
  RoleSetChange,
  ShownSetting,
  Token,
} from './views.ts';

/** Which part of a list. */
/** Which exchanges are shown. */
export interface ExchangeFilter {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly serviceType?: string | undefined;
  readonly outcome?: string | undefined;
  readonly traceId?: string | undefined;
  readonly since?: string | undefined;
}

export interface PageChoice {
  /** Follow the list to its end. */
  readonly all?: boolean | undefined;
  /** Items of a page, 1 … 1000; the hub says how many when left out. */
  readonly limit?: number | undefined;
  /** Cursor: `next` of the page before. */
  readonly after?: string | undefined;
}

/** Roles of a page when all are wanted. */
const ROLES_OF_PAGE = 100;

/** Items of a page when the whole list is wanted: the most that the hub gives. */
const PAGE_MAX = 1000;

/** The hub's administration, one method for each endpoint. All throw QconnError with the hub's own code and message. */
export class HubApi {
  readonly #https: HubHttps;

  constructor(options: ConstructorParameters<typeof HubHttps>[0]) {
    this.#https = new HubHttps(options);
  }

  /** Of the hub, without a path. */
  get origin(): string {
    return this.#https.url.origin;
  }

  close(): void {
    this.#https.close();
  }

  hub = (): Promise<HubFacts> => this.#get('/v1/hub');
  ready = (): Promise<unknown> => this.#get('/readyz');
  bootstrap = (body: { secret: string; name: string }): Promise<{ key: string; record: Key }> =>
    this.#post('/v1/bootstrap', body);

  machines = (
    filter: { status?: MachineStatus | undefined; role?: string | undefined; label?: string | undefined },
    choice: PageChoice,
  ): Promise<Page<Machine>> => this.#page('/v1/machines', { ...filter }, choice);
  machine = (name: string): Promise<Machine> => this.#get(path`/v1/machines/${name}`);
  approve = (
    fingerprint: string,
    body: {
      hostname?: string | undefined;
      roles: readonly string[];
      labels?: Readonly<Record<string, string>> | undefined;
      replace?: string | undefined;
    },
  ): Promise<Machine> => this.#post(path`/v1/machines/${fingerprint}/approve`, body);
  assign = (
    fingerprint: string,
    body: { roles?: readonly string[] | undefined; labels?: Readonly<Record<string, string>> | undefined },
    version: string,
  ): Promise<Machine> => this.#put(path`/v1/machines/${fingerprint}/rights`, body, ifMatch(version));
  revoke = (fingerprint: string, body: { reason?: string | undefined }): Promise<Machine> =>
    this.#post(path`/v1/machines/${fingerprint}/revoke`, body);

  createToken = (body: {
    ttlSeconds?: number | undefined;
    uses?: number | undefined;
    hostname?: string | undefined;
    roles?: readonly string[] | undefined;
    autoApprove?: boolean | undefined;
  }): Promise<{ token: string; record: Token }> => this.#post('/v1/tokens', body);
  tokens = (choice: PageChoice): Promise<Page<Token>> => this.#page('/v1/tokens', {}, choice);
  revokeToken = (id: string): Promise<Token> => this.#delete(path`/v1/tokens/${id}`);

  roles = (choice: PageChoice): Promise<Page<Role>> =>
    // Roles can be long: a page of them stays far below the most that an answer may have.
    this.#page('/v1/roles', {}, choice.all === true ? { limit: ROLES_OF_PAGE, ...choice } : choice);
  role = (name: string): Promise<Role> => this.#get(path`/v1/roles/${name}`);
  /** @param generation that the edit builds on; 0: there must be no such role */
  putRole = (name: string, body: { grants: readonly Grant[] }, generation: number): Promise<Role> =>
    this.#put(path`/v1/roles/${name}`, body, generation === 0 ? { 'if-none-match': '*' } : ifMatch(String(generation)));
  deleteRole = (name: string, { force, generation }: { force: boolean; generation: number }): Promise<void> =>
    this.#delete(
      withQuery(path`/v1/roles/${name}`, { force: force ? 'true' : undefined }),
      ifMatch(String(generation)),
    );
  planRoles = (body: RoleSet): Promise<RolePlan> => this.#post('/v1/roles/plan', body);
  /** @param version of all roles, as the plan says it */
  applyRoles = (body: RoleSet, version: string): Promise<RoleSetChange> =>
    this.#put('/v1/roles', body, ifMatch(version));

  createKey = (body: {
    name: string;
    roles: readonly string[];
    ttlSeconds?: number | undefined;
  }): Promise<{ key: string; record: Key }> => this.#post('/v1/keys', body);
  keys = (choice: PageChoice): Promise<Page<Key>> => this.#page('/v1/keys', {}, choice);
  revokeKey = (id: string): Promise<Key> => this.#delete(path`/v1/keys/${id}`);

  ca = (): Promise<CaStatus> => this.#get('/v1/ca');
  caStep = (
    step: string,
    body: { spreadSeconds?: number | undefined; leaveExpired?: boolean | undefined },
  ): Promise<CaStatus> => this.#post(path`/v1/ca/${step}`, body);
  certificates = (
    filter: Readonly<Record<string, string | undefined>>,
    choice: PageChoice,
  ): Promise<Page<Certificate>> => this.#page('/v1/certificates', filter, choice);
  certificate = (serial: string): Promise<{ serial: string; kind: string; notAfter: string; pem: string }> =>
    this.#get(path`/v1/certificates/${serial}`);
  revokeCertificate = (
    serial: string,
    body: { reason?: string | undefined },
  ): Promise<{ serial: string; machine: string; revokedAt: string }> =>
    this.#post(path`/v1/certificates/${serial}/revoke`, body);

  metrics = (): Promise<string> => this.#https.text('/metrics');
  whoami = (): Promise<Caller> => this.#get('/v1/whoami');
  sessions = (choice: PageChoice): Promise<Page<LiveSession>> => this.#page('/v1/sessions', {}, choice);
  config = (): Promise<{ items: readonly ShownSetting[] }> => this.#get('/v1/config');
  reloadConfig = (): Promise<Reloaded> => this.#post('/v1/config/reload', {});
  exchanges = (filter: ExchangeFilter, choice: PageChoice): Promise<Page<PastExchange>> =>
    this.#page('/v1/exchanges', { ...filter }, choice);
  exchange = (id: string): Promise<PastExchange> => this.#get(path`/v1/exchanges/${id}`);
  explain = (question: {
    machine: string;
    verb: string;
    serviceType: string;
    to: string | undefined;
  }): Promise<Explanation> => this.#get(withQuery('/v1/explain', question));
  audit = (
    filter: {
      subject?: string | undefined;
      act?: string | undefined;
      actor?: string | undefined;
      since?: string | undefined;
      after?: string | undefined;
      order?: 'newest' | 'oldest' | undefined;
    },
    choice: PageChoice,
  ): Promise<Page<AuditRow>> => this.#page('/v1/audit', { ...filter }, choice);

  verifyAudit = (): Promise<AuditVerdict> => this.#get('/v1/audit/verify');

  /** The pin by which others can recognise this hub. */
  async rootPin(): Promise<string> {
    return pinOf((await this.hub()).rootPem);
  }

  async #page<Item>(
    base: string,
    filter: Readonly<Record<string, string | undefined>>,
    { all, limit, after }: PageChoice,
  ): Promise<Page<Item>> {
    const items: Item[] = [];
    let next = after;
    do {
      const page = await this.#get<Page<Item>>(
        withQuery(base, { ...filter, limit: limit ?? (all === true ? PAGE_MAX : undefined), cursor: next }),
      );
      if (!Array.isArray(page?.items))
        throw new QconnError(
          'unreachable',
          `${this.origin} answered with something else than a list: it is not a qconn hub of this version.`,
        );
      items.push(...page.items);
      next = page.next;
    } while (all === true && next !== undefined);
    return { items, ...(next === undefined ? {} : { next }) };
  }

  #get = <Answer>(url: string): Promise<Answer> => this.#https.call('GET', url) as Promise<Answer>;
  /** Names the request, so that trying again after the connection failed cannot do it twice. */
  async #post<Answer>(url: string, body: unknown): Promise<Answer> {
    const name = { 'idempotency-key': randomUUID() };
    try {
      return (await this.#https.call('POST', url, body, name)) as Answer;
    } catch (error) {
      if (!isQconnError(error, 'unreachable')) throw error;
      return (await this.#https.call('POST', url, body, name)) as Answer;
    }
  }

  #put = <Answer>(url: string, body: unknown, headers: Readonly<Record<string, string>>): Promise<Answer> =>
    this.#https.call('PUT', url, body, headers) as Promise<Answer>;
  #delete = <Answer>(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    this.#https.call('DELETE', url, undefined, headers) as Promise<Answer>;
}

/** An edit of what was at this version, and of nothing else. */
function ifMatch(version: string): Readonly<Record<string, string>> {
  return { 'if-match': `"${version}"` };
}
