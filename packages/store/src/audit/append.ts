import { sql } from 'kysely';

import type { Act } from '../act.ts';
import type { Trx } from '../database/database.ts';
import { markDone } from '../idempotency/mark-done.ts';
import { contentAfterId } from './record.ts';

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
  const content = contentAfterId({ at: now, actor, act, subject, before, after });
  // One statement, so that the head is held for one round trip and the commit; the same bytes as `hashOf` hashes.
  await sql`
    WITH moved AS (
      UPDATE audit_head SET id = id + 1, prev_hash = hash,
        hash = sha256(hash || convert_to('[' || (id + 1)::text || ',' || ${content}::text, 'UTF8'))
      RETURNING id, prev_hash, hash
    )
    INSERT INTO audit (id, at, actor, act, subject, before, after, prev_hash, hash)
    SELECT id, ${now}::bigint, ${actor}, ${act}, ${subject}, ${jsonOrNull(before)}::jsonb, ${jsonOrNull(after)}::jsonb, prev_hash, hash FROM moved
  `.execute(trx);
}

function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}
