import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database } from '../database/database.ts';
import { inPages, type Page, pageOf, type PageRequest } from '../page.ts';
import { type PresentedSecret, sameBytes } from '../tokens/redeem.ts';
import { insertKey, type KeyRecord, keyRecordOf, type NewKey } from './record.ts';

/** API keys. */
export class Keys {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws QconnError invalid_request for an id that exists */
  async create(input: NewKey & Act): Promise<KeyRecord> {
    return await this.#database.write(async (trx) => {
      const record = await insertKey(trx, input, input);
      await appendAudit(trx, input, { act: 'key.create', subject: record.id, after: record });
      return record;
    });
  }

  async find(id: string): Promise<KeyRecord | undefined> {
    const row = await this.#database.read(
      async (db) => await db.selectFrom('api_key').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    return row === undefined ? undefined : keyRecordOf(row);
  }

  /**
   * The key that belongs to a secret.
   * @throws QconnError unauthenticated, for every reason alike: unknown, wrong secret, expired, revoked
   */
  async authenticate({ id, secretHash, now }: PresentedSecret & { readonly now: number }): Promise<KeyRecord> {
    const row = await this.#database.read(
      async (db) => await db.selectFrom('api_key').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    if (
      row === undefined ||
      !sameBytes(row.secret_hash, secretHash) ||
      row.revoked_at !== null ||
      row.expires_at <= now
    )
      throw new QconnError('unauthenticated');
    return keyRecordOf(row);
  }

  /** Lists keys, the oldest first. */
  async list(request: PageRequest = {}): Promise<Page<KeyRecord>> {
    const rows = await this.#database.read(
      async (db) => await inPages(db.selectFrom('api_key').selectAll(), ['created_at', 'id'], request).execute(),
    );
    return pageOf(rows, request, (row) => [row.created_at, row.id], keyRecordOf);
  }

  /** @throws QconnError unknown_object; invalid_state when it is revoked already */
  async revoke({ id, ...act }: { readonly id: string } & Act): Promise<KeyRecord> {
    return await this.#database.write(async (trx) => {
      const before = await trx.selectFrom('api_key').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
      if (before === undefined) throw new QconnError('unknown_object', `There is no key ${id}.`);
      if (before.revoked_at !== null) throw new QconnError('invalid_state', `The key ${id} is revoked already.`);
      const row = await trx
        .updateTable('api_key')
        .set({ revoked_at: act.now })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow();
      await appendAudit(trx, act, {
        act: 'key.revoke',
        subject: id,
        before: keyRecordOf(before),
        after: keyRecordOf(row),
      });
      return keyRecordOf(row);
    });
  }
}
