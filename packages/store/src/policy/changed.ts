import { sql } from 'kysely';

import type { Trx } from '../database/database.ts';

/** The channel on which changes of policy are announced. */
export const POLICY_CHANNEL = 'qconn_policy';

/** A notification holds 8,000 bytes; a fingerprint has about 40. Beyond this many: load everything. */
const NAMED_MAX = 100;

/** What a change touched. */
export interface PolicySubjects {
  readonly machines?: readonly string[];
  readonly roles?: readonly string[];
}

/**
 * Raises the policy's generation and announces it with the commit. Whatever changes a status, a
 * hostname, roles, labels or a revocation calls this in its transaction, after its own changes and
 * before the audit row: one order of locks for all. As the counter stays locked until the commit,
 * announcements come in the order of generations.
 */
export async function policyChanged(trx: Trx, { machines = [], roles = [] }: PolicySubjects): Promise<void> {
  const named = machines.length + roles.length <= NAMED_MAX ? { machines, roles } : {};
  await sql`
    WITH raised AS (UPDATE policy_generation SET generation = generation + 1 RETURNING generation)
    SELECT pg_notify(${POLICY_CHANNEL}, (jsonb_build_object('generation', generation) || ${JSON.stringify(named)}::jsonb)::text) FROM raised
  `.execute(trx);
}
