import { HubHttps } from '@qconn/client';
import { isQconnError, QconnError } from '@qconn/protocol';
import { pinOf } from './pin.ts';
import { path, withQuery } from './path.ts';
import type {
  AuditRow,
  Explanation,
  Grant,
  HubFacts,
  Key,
  LiveSession,
  Machine,
  MachineStatus,
  Page,
  Role,
  Token,
} from './views.ts';

/** Which part of a list. */
export interface PageChoice {
  /** Follow the list to its end. */
  readonly all?: boolean | undefined;
  /** Items of a page, 1 … 1000; the hub says how many when left out. */
  readonly limit?: number | undefined;
  /** Cursor: `next` of the page before. */
  readonly after?: string | undefined;
}

/** Items of a page when the whole list is wanted: the most that the hub gives. */
const PAGE_MAX = 1000;

/** The hub's administration, one method for each endpoint. All throw QconnError with the hub's own code and message. */
export class HubApi {
  readonly #https: HubHttps;

  constructor(options: { readonly url: URL; readonly trustPem: readonly string[]; readonly key?: string | undefined }) {
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
    filter: { status?: MachineStatus | undefined; role?: string | undefined },
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
  ): Promise<Machine> => this.#put(path`/v1/machines/${fingerprint}/rights`, body);
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

  roles = (): Promise<{ items: readonly Role[] }> => this.#get('/v1/roles');
  role = (name: string): Promise<Role> => this.#get(path`/v1/roles/${name}`);
  putRole = (name: string, body: { grants: readonly Grant[]; ifGeneration: number }): Promise<Role> =>
    this.#put(path`/v1/roles/${name}`, body);
  deleteRole = (name: string): Promise<void> => this.#delete(path`/v1/roles/${name}`);

  createKey = (body: {
    name: string;
    roles: readonly string[];
    ttlSeconds?: number | undefined;
  }): Promise<{ key: string; record: Key }> => this.#post('/v1/keys', body);
  keys = (choice: PageChoice): Promise<Page<Key>> => this.#page('/v1/keys', {}, choice);
  revokeKey = (id: string): Promise<Key> => this.#delete(path`/v1/keys/${id}`);

  sessions = (): Promise<{ items: readonly LiveSession[] }> => this.#get('/v1/sessions');
  explain = (question: {
    machine: string;
    verb: string;
    serviceType: string;
    to: string | undefined;
  }): Promise<Explanation> => this.#get(withQuery('/v1/explain', question));
  audit = (
    filter: { subject?: string | undefined; act?: string | undefined },
    choice: PageChoice,
  ): Promise<Page<AuditRow>> => this.#page('/v1/audit', { ...filter }, choice);

  /** The pin by which others can recognise this hub. */
  async rootPin(): Promise<string> {
    return pinOf((await this.hub()).rootPem);
  }

  /** Whether the hub accepts the key, whatever it may do. @throws QconnError `unauthenticated` */
  async checkKey(): Promise<void> {
    try {
      await this.machines({}, { limit: 1 });
    } catch (error) {
      if (!isQconnError(error, 'forbidden')) throw error;
    }
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
  #post = <Answer>(url: string, body: unknown): Promise<Answer> =>
    this.#https.call('POST', url, body) as Promise<Answer>;
  #put = <Answer>(url: string, body: unknown): Promise<Answer> => this.#https.call('PUT', url, body) as Promise<Answer>;
  #delete = <Answer>(url: string): Promise<Answer> => this.#https.call('DELETE', url) as Promise<Answer>;
}
