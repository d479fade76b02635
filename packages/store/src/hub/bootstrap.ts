import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database, Trx } from '../database/database.ts';
import { insertKey, type KeyRecord, type NewKey } from '../keys/record.ts';
import { type PresentedSecret, sameBytes } from '../tokens/redeem.ts';

/** Makes this the only bootstrap secret that can be spent. */
export async function insertBootstrap(trx: Trx, { id, secretHash }: PresentedSecret, { now }: Act): Promise<void> {
  await trx.updateTable('bootstrap').set({ spent_at: now }).where('spent_at', 'is', null).execute();
  await trx.insertInto('bootstrap').values({ id, secret_hash: secretHash, created_at: now, spent_at: null }).execute();
}

export async function spendBootstrap(
  database: Database,
  { id, secretHash, key, now }: PresentedSecret & { readonly key: NewKey; readonly now: number },
): Promise<KeyRecord> {
  const act: Act = { actor: `bootstrap:${id}`, now };
  return await database.write(async (trx) => {
    // Two that spend at once wait for each other here, and the second finds it spent.
    const row = await trx.selectFrom('bootstrap').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
    if (row === undefined || row.spent_at !== null || !sameBytes(row.secret_hash, secretHash))
      throw new QconnError('bootstrap_spent');
    await trx.updateTable('bootstrap').set({ spent_at: now }).where('id', '=', id).execute();
    const record = await insertKey(trx, key, act);
    await appendAudit(trx, act, { act: 'bootstrap.spend', subject: id, after: record });
    return record;
  });
}
