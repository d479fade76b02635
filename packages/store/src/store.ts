import type { Act } from './act.ts';
import { Audit } from './audit/audit.ts';
import { Credentials } from './credentials/credentials.ts';
import type { ConnectionUsage, Database } from './database/database.ts';
import { enrol, type Enrolment, type EnrolmentRequest } from './enrolment/enrol.ts';
import { Idempotency } from './idempotency/idempotency.ts';
import { Hub } from './hub/hub.ts';
import { Keys } from './keys/keys.ts';
import { Machines } from './machines/machines.ts';
import { Policy } from './policy/policy.ts';
import { Roles } from './roles/roles.ts';
import { Rotations } from './rotation/rotations.ts';
import { sweep, type Sweep, type Swept } from './sweep.ts';
import { Tokens } from './tokens/tokens.ts';

/**
 * What the hub remembers. Every method that changes something is one transaction, with its audit row
 * and its announcement of a changed policy in it. Every method may throw `database_unavailable`, and
 * `invalid_request` for values that the database cannot hold.
 */
export class Store {
  readonly hub: Hub;
  readonly machines: Machines;
  readonly credentials: Credentials;
  readonly tokens: Tokens;
  readonly roles: Roles;
  readonly keys: Keys;
  readonly rotations: Rotations;
  readonly policy: Policy;
  readonly audit: Audit;
  readonly idempotency: Idempotency;
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
    this.hub = new Hub(database);
    this.machines = new Machines(database);
    this.credentials = new Credentials(database);
    this.tokens = new Tokens(database);
    this.roles = new Roles(database);
    this.keys = new Keys(database);
    this.rotations = new Rotations(database);
    this.policy = new Policy(database);
    this.audit = new Audit(database);
    this.idempotency = new Idempotency(database);
  }

  /**
   * Redeems a token, records the machine and its first certificate: all of it or nothing. Enrolling
   * the same key again gives the same machine, and takes no second use of the same token.
   * @throws QconnError token_unknown, token_spent, token_expired, token_revoked; revoked
   */
  async enrol(request: EnrolmentRequest): Promise<Enrolment> {
    return await enrol(this.#database, request);
  }

  /**
   * Deletes what is of no use any more, at most `limit` rows of a kind, so that it disturbs nobody:
   * call it again while it finds as many.
   */
  async sweep(input: Sweep & Act): Promise<Swept> {
    return await sweep(this.#database, input);
  }

  /** How busy the connections to the database are; the embedded one has a single one, and shows it as free. */
  get connections(): ConnectionUsage {
    return this.#database.usage;
  }

  /** Asks the database for nothing, to see whether it answers. */
  async ping(): Promise<void> {
    await this.policy.generation();
  }

  /** Ends every connection and gives the folder back. Transactions that run are waited for. */
  async close(): Promise<void> {
    await this.#database.close();
  }
}
