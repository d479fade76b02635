import type { Act } from '../act.ts';
import type { Trx } from '../database/database.ts';
import { markDone } from '../idempotency/mark-done.ts';
import { hashOf } from './record.ts';

/** What is told of an act, beyond who and when. Never a secret, nor its hash. */
export interface AuditEntry {
  readonly act: string;
  readonly subject: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/**
 * Adds a row to the chain. Comes last in its transaction: it takes the chain's head, for which every
 * other audited transaction then waits until the commit.
 */
export async function appendAudit(
  trx: Trx,
  { actor, now, once }: Act,
  { act, subject, before = null, after = null }: AuditEntry,
): Promise<void> {
  if (once !== undefined) await markDone(trx, { actor, now }, once);
  const head = await trx.selectFrom('audit_head').select(['id', 'hash']).forUpdate().executeTakeFirstOrThrow();
  const id = head.id + 1;
  const hash = hashOf(head.hash, { id, at: now, actor, act, subject, before, after });
  const row = {
    id,
    at: now,
    actor,
    act,
    subject,
    before: jsonOrNull(before),
    after: jsonOrNull(after),
    prev_hash: head.hash,
    hash,
  };
  await trx
    .with('moved', (db) => db.updateTable('audit_head').set({ id, hash }))
    .insertInto('audit')
    .values(row)
    .execute();
}

function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}
