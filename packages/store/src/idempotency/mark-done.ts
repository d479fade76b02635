import { sql } from 'kysely';

import type { Act, Once } from '../act.ts';
import type { Trx } from '../database/database.ts';

/** How long a repeated request is known again, in milliseconds: a day of retries. */
export const IDEMPOTENCY_TTL_MS = 86_400_000;

/** Rows past their time that each new one takes along, so that the table stays as small as a day's acts. */
const SWEPT_AT_ONCE = 20;

/** Transactions that have noted their request: one request may write several audit rows. */
const noted = new WeakSet<Trx>();

/**
 * Notes in the transaction of an act that its request is done. A second one with the same key waits here for the first
 * to commit, and then fails with `already_done` and all that it has written.
 */
export async function markDone(
  trx: Trx,
  { actor, now }: Pick<Act, 'actor' | 'now'>,
  { keyHash, requestHash }: Once,
): Promise<void> {
  if (noted.has(trx)) return;
  noted.add(trx);
  await sql`
    DELETE FROM idempotency WHERE (caller, key_hash) IN (
      SELECT caller, key_hash FROM idempotency WHERE done_at <= ${now - IDEMPOTENCY_TTL_MS}
      ORDER BY done_at LIMIT ${SWEPT_AT_ONCE} FOR UPDATE SKIP LOCKED)
      OR (caller = ${actor} AND key_hash = ${keyHash} AND done_at <= ${now - IDEMPOTENCY_TTL_MS})
  `.execute(trx);
  await trx
    .insertInto('idempotency')
    .values({
      caller: actor,
      key_hash: keyHash,
      request_hash: requestHash,
      done_at: now,
      status: null,
      answer: null,
    })
    .execute();
}
