import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database } from '../database/database.ts';
import type { KeyRecord, NewKey } from '../keys/record.ts';
import type { PresentedSecret } from '../tokens/redeem.ts';
import { insertBootstrap, spendBootstrap } from './bootstrap.ts';
import { type HubRecord, initialiseHub, type NewHub } from './initialise.ts';

/** The hub itself: its id, and how its first administrator comes in. */
export class Hub {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Undefined until `initialise`. */
  async find(): Promise<HubRecord | undefined> {
    const row = await this.#database.read(async (db) => await db.selectFrom('hub').selectAll().executeTakeFirst());
    return row === undefined ? undefined : { id: row.id, createdAt: row.created_at };
  }

  /** @throws QconnError already_initialised */
  async initialise(input: NewHub & Act): Promise<HubRecord> {
    return await initialiseHub(this.#database, input);
  }

  /** Replaces the bootstrap secret: for whoever is at the hub's host and has lost every key. */
  async renewBootstrap({ id, secretHash, ...act }: PresentedSecret & Act): Promise<void> {
    await this.#database.write(async (trx) => {
      await insertBootstrap(trx, { id, secretHash }, act);
      await appendAudit(trx, act, { act: 'bootstrap.renew', subject: id });
    });
  }

  /**
   * Gives an API key for the bootstrap secret, once.
   * @throws QconnError bootstrap_spent, also for a wrong secret
   */
  async spendBootstrap(input: PresentedSecret & { readonly key: NewKey; readonly now: number }): Promise<KeyRecord> {
    return await spendBootstrap(this.#database, input);
  }
}
