import type { Act } from '../act.ts';
import type { Database, Trx } from '../database/database.ts';
import { changeMachine } from './change.ts';
import type { MachineRecord } from './record.ts';

export interface Revocation {
  readonly fingerprint: string;
  /** Why, for the audit trail. */
  readonly reason?: string | undefined;
  /** The version that the editor saw; left out: whatever is there. */
  readonly ifVersion?: string | undefined;
}

export async function revoke(
  database: Database,
  { fingerprint, reason, ifVersion, ...act }: Revocation & Act,
): Promise<MachineRecord> {
  return await changeMachine(database, fingerprint, act, {
    act: 'machine.revoke',
    from: ['pending', 'authorized'],
    ifVersion,
    note: { reason },
    async make(trx) {
      await markRevoked(trx, fingerprint, act.now);
      return [];
    },
  });
}

/**
 * Revokes the machine and its credentials that have not expired. It keeps hostname, roles and labels
 * as a record of what it was; the hostname is free for others.
 */
export async function markRevoked(trx: Trx, fingerprint: string, now: number): Promise<void> {
  await trx
    .updateTable('credential')
    .set({ revoked_at: now })
    .where('machine', '=', fingerprint)
    .where('revoked_at', 'is', null)
    .where('not_after', '>', now)
    .execute();
  await trx
    .updateTable('machine')
    .set({ status: 'revoked', revoked_at: now })
    .where('fingerprint', '=', fingerprint)
    .execute();
}
