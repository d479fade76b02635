import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database } from '../database/database.ts';
import type { PresentedSecret } from '../tokens/redeem.ts';
import { insertBootstrap } from './bootstrap.ts';

/** The hub that owns the database; several hub processes that share one are one hub here. */
export interface HubRecord {
  readonly id: string;
  readonly createdAt: number;
}

export interface NewHub {
  readonly id: string;
  readonly bootstrap: PresentedSecret;
}

export async function initialiseHub(database: Database, { id, bootstrap, ...act }: NewHub & Act): Promise<HubRecord> {
  return await database.write(async (trx) => {
    const inserted = await trx
      .insertInto('hub')
      .values({ id, created_at: act.now })
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .executeTakeFirst();
    if (inserted === undefined) throw new QconnError('already_initialised');
    await insertBootstrap(trx, bootstrap, act);
    await appendAudit(trx, act, { act: 'hub.initialise', subject: id });
    return { id, createdAt: act.now };
  });
}
