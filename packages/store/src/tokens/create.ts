import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database } from '../database/database.ts';
import { requireRoles } from '../machines/assign.ts';
import { tokenHostname } from './hostname.ts';
import { type TokenRecord, tokenRecordOf } from './record.ts';

export interface NewToken {
  /** Lower-case hex. */
  readonly id: string;
  /** SHA-256 of the secret. */
  readonly secretHash: Uint8Array;
  readonly expiresAt: number;
  /** How many machines may enrol with it. */
  readonly uses: number;
  /** A hostname for its machine, or a pattern such as `kiosk-*` for theirs. */
  readonly hostname?: string | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly autoApprove?: boolean | undefined;
}

export async function createToken(
  database: Database,
  { id, secretHash, expiresAt, uses, hostname, roles = [], autoApprove = false, ...act }: NewToken & Act,
): Promise<TokenRecord> {
  return await database.write(async (trx) => {
    await requireRoles(trx, roles);
    const row = await trx
      .insertInto('enrolment_token')
      .values({
        id,
        secret_hash: secretHash,
        uses,
        uses_left: uses,
        hostname: hostname === undefined ? null : tokenHostname(hostname),
        roles: JSON.stringify(roles),
        auto_approve: autoApprove,
        created_by: act.actor,
        created_at: act.now,
        expires_at: expiresAt,
        revoked_at: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    const record = tokenRecordOf(row);
    await appendAudit(trx, act, { act: 'token.create', subject: id, after: record });
    return record;
  });
}
