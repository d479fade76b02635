import { timingSafeEqual } from 'node:crypto';

import { QconnError } from '@qconn/protocol';

import type { Trx } from '../database/database.ts';
import { type TokenRecord, tokenRecordOf } from './record.ts';

/** What the bearer of a token presents. */
export interface PresentedSecret {
  /** Lower-case hex. */
  readonly id: string;
  /** SHA-256 of the secret. */
  readonly secretHash: Uint8Array;
}

/**
 * Checks a token before anything is written for its bearer.
 * @throws QconnError token_unknown, also for a wrong secret; token_revoked; token_expired
 */
export async function checkToken(trx: Trx, { id, secretHash }: PresentedSecret, now: number): Promise<TokenRecord> {
  const row = await trx.selectFrom('enrolment_token').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined || !sameBytes(row.secret_hash, secretHash)) throw new QconnError('token_unknown');
  if (row.revoked_at !== null) throw revoked(id);
  if (row.expires_at <= now)
    throw new QconnError(
      'token_expired',
      `The enrolment token ${id} expired at ${new Date(row.expires_at).toISOString()}.`,
    );
  return tokenRecordOf(row);
}

/**
 * Takes one use of a token for a machine. A machine that has redeemed it before, and asks again
 * because it never got the answer, takes no further use.
 * @returns whether a use was taken
 * @throws QconnError token_spent, token_revoked
 */
export async function takeUse(trx: Trx, { id }: TokenRecord, machine: string, now: number): Promise<boolean> {
  const { first, taken } = await trx
    .with('redemption', (db) =>
      db
        .insertInto('enrolment_redemption')
        .values({ token: id, machine, redeemed_at: now })
        .onConflict((conflict) => conflict.doNothing())
        .returning('token'),
    )
    .with('use', (db) =>
      db
        .updateTable('enrolment_token')
        .set((row) => ({ uses_left: row('uses_left', '-', 1) }))
        .where('id', '=', id)
        .where('uses_left', '>', 0)
        .where('revoked_at', 'is', null)
        .where((where) => where.exists(where.selectFrom('redemption').select('token')))
        .returning('uses_left'),
    )
    .selectNoFrom((select) => [
      select.exists(select.selectFrom('redemption').select('token')).as('first'),
      select.exists(select.selectFrom('use').select('uses_left')).as('taken'),
    ])
    .executeTakeFirstOrThrow();
  if (first === false) return false;
  if (taken === true) return true;
  const { revoked_at } = await trx
    .selectFrom('enrolment_token')
    .select('revoked_at')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  if (revoked_at !== null) throw revoked(id);
  throw new QconnError('token_spent', `The enrolment token ${id} has been used as often as it may be.`);
}

/** By its id, under which lists and the audit trail have it; who is told has presented its secret. */
function revoked(id: string): QconnError {
  return new QconnError('token_revoked', `The enrolment token ${id} has been revoked.`);
}

/** Compares in constant time. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
