import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database } from '../database/database.ts';
import { inPages, type Page, pageOf, type PageRequest } from '../page.ts';
import { createToken, type NewToken } from './create.ts';
import { type TokenRecord, tokenRecordOf } from './record.ts';

/** Enrolment tokens. They are redeemed by `Enrolment.enrol`. */
export class Tokens {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws QconnError unknown_role; hostname_invalid; invalid_request for an id that exists, or a use count below 1 */
  async create(input: NewToken & Act): Promise<TokenRecord> {
    return await createToken(this.#database, input);
  }

  async find(id: string): Promise<TokenRecord | undefined> {
    const row = await this.#database.read(
      async (db) => await db.selectFrom('enrolment_token').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    return row === undefined ? undefined : tokenRecordOf(row);
  }

  /** Lists tokens, the oldest first. */
  async list(request: PageRequest = {}): Promise<Page<TokenRecord>> {
    const rows = await this.#database.read(
      async (db) =>
        await inPages(db.selectFrom('enrolment_token').selectAll(), ['created_at', 'id'], request).execute(),
    );
    return pageOf(rows, request, (row) => [row.created_at, row.id], tokenRecordOf);
  }

  /** How many tokens that were made before a time can still be redeemed. Times are milliseconds since 1970. */
  async countLive({ createdBefore, now }: { readonly createdBefore: number; readonly now: number }): Promise<number> {
    const { tokens } = await this.#database.read(
      async (db) =>
        await db
          .selectFrom('enrolment_token')
          .select(({ fn }) => fn.countAll<number>().as('tokens'))
          .where('expires_at', '>', now)
          .where('created_at', '<', createdBefore)
          .where('uses_left', '>', 0)
          .where('revoked_at', 'is', null)
          .executeTakeFirstOrThrow(),
    );
    return tokens;
  }

  /** @throws QconnError unknown_object; invalid_state when it is revoked already */
  async revoke({ id, ...act }: { readonly id: string } & Act): Promise<TokenRecord> {
    return await this.#database.write(async (trx) => {
      const before = await trx
        .selectFrom('enrolment_token')
        .selectAll()
        .where('id', '=', id)
        .forUpdate()
        .executeTakeFirst();
      if (before === undefined) throw new QconnError('unknown_object', `There is no token ${id}.`);
      if (before.revoked_at !== null) throw new QconnError('invalid_state', `The token ${id} is revoked already.`);
      const row = await trx
        .updateTable('enrolment_token')
        .set({ revoked_at: act.now })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow();
      await appendAudit(trx, act, {
        act: 'token.revoke',
        subject: id,
        before: tokenRecordOf(before),
        after: tokenRecordOf(row),
      });
      return tokenRecordOf(row);
    });
  }
}
