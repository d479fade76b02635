import type { Act } from './act.ts';
import { appendAudit } from './audit/append.ts';
import type { Database } from './database/database.ts';

/** What may go. */
export interface Sweep {
  /** Certificates that expired before this, in milliseconds since 1970. */
  readonly credentialsBefore: number;
  /** Tokens that expired before this, in milliseconds since 1970. */
  readonly tokensBefore: number;
  /** Most rows of a kind to delete. */
  readonly limit: number;
}

/** What went. */
export interface Swept {
  readonly credentials: number;
  readonly tokens: number;
}

/** Rows that somebody else is busy with, such as another hub that sweeps, are left for the next time. */
export async function sweep(
  database: Database,
  { credentialsBefore, tokensBefore, limit, ...act }: Sweep & Act,
): Promise<Swept> {
  return await database.write(async (trx) => {
    const expired = trx
      .selectFrom('credential')
      .select('serial')
      .where('not_after', '<', credentialsBefore)
      .orderBy('not_after')
      .limit(limit)
      .forUpdate()
      .skipLocked();
    const credentials = await trx.deleteFrom('credential').where('serial', 'in', expired).executeTakeFirstOrThrow();
    const old = trx
      .selectFrom('enrolment_token')
      .select('id')
      .where('expires_at', '<', tokensBefore)
      .orderBy('expires_at')
      .limit(limit)
      .forUpdate()
      .skipLocked();
    const tokens = await trx.deleteFrom('enrolment_token').where('id', 'in', old).executeTakeFirstOrThrow();
    const swept = { credentials: Number(credentials.numDeletedRows), tokens: Number(tokens.numDeletedRows) };
    if (swept.credentials + swept.tokens > 0)
      await appendAudit(trx, act, { act: 'store.sweep', subject: 'store', after: swept });
    return swept;
  });
}
