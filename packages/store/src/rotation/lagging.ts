import { type RawBuilder, sql } from 'kysely';

import type { Database, Trx } from '../database/database.ts';
import type { RotationRecord } from './record.ts';

/** A machine that may come back and that a step of a rotation would lock out. */
export interface LaggingMachine {
  readonly fingerprint: string;
  readonly shortCode: string;
  readonly hostname: string | null;
  /** Whether it has said that it trusts both roots. */
  readonly hasTrust: boolean;
  /** Whether it has said that it holds a certificate of the new CA. */
  readonly hasCertificate: boolean;
  /** When its last certificate ends or ended, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/** How many there are, and the first of them by fingerprint. */
export interface Lagging {
  readonly live: number;
  /** Of those whose last certificate has expired, but who may still renew it. */
  readonly expired: number;
  readonly machines: readonly LaggingMachine[];
}

export interface LaggingQuery {
  readonly now: number;
  /** How long after its expiry a certificate may be renewed, in milliseconds. */
  readonly graceMs: number;
  /** Most machines to name. */
  readonly limit: number;
}

/** Machines that are not ready for the old root to go. Reads the fleet: for an administrator, now and then. */
export async function laggingMachines(db: Database, rotation: RotationRecord, query: LaggingQuery): Promise<Lagging> {
  return await db.readAtOnce(async (trx) => await readLagging(trx, rotation, query));
}

export async function readLagging(
  trx: Trx,
  { trust, issuer }: RotationRecord,
  { now, graceMs, limit }: LaggingQuery,
): Promise<Lagging> {
  const behind = sql`
    FROM machine
    CROSS JOIN LATERAL (
      SELECT max(not_after) AS expires_at FROM credential
      WHERE credential.machine = fingerprint AND credential.revoked_at IS NULL
    ) last
    WHERE status <> 'revoked' AND last.expires_at > ${now - graceMs}
      AND (held_trust IS DISTINCT FROM ${trust} OR held_issuer IS DISTINCT FROM ${issuer})`;
  const counts: RawBuilder<{ live: number; expired: number }> = sql`
    SELECT count(*) FILTER (WHERE last.expires_at > ${now})::integer AS live,
      count(*) FILTER (WHERE last.expires_at <= ${now})::integer AS expired ${behind}`;
  const named: RawBuilder<LaggingMachine> = sql`
    SELECT fingerprint, short_code AS "shortCode", hostname, held_trust IS NOT DISTINCT FROM ${trust} AS "hasTrust",
      held_issuer IS NOT DISTINCT FROM ${issuer} AS "hasCertificate", last.expires_at AS "expiresAt" ${behind}
    ORDER BY last.expires_at <= ${now}, fingerprint LIMIT ${limit}`;
  const [count] = (await counts.execute(trx)).rows;
  const { rows } = await named.execute(trx);
  return { live: count?.live ?? 0, expired: count?.expired ?? 0, machines: rows };
}
