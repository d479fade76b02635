import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database, Trx } from '../database/database.ts';
import { policyChanged } from '../policy/changed.ts';
import { lockMachine } from './lock.ts';
import { auditView, type MachineRecord, readMachine } from './record.ts';

export interface Revocation {
  readonly fingerprint: string;
  /** Why, for the audit trail. */
  readonly reason?: string | undefined;
}

export async function revoke(
  database: Database,
  { fingerprint, reason, ...act }: Revocation & Act,
): Promise<MachineRecord> {
  return await database.write(async (trx) => {
    const before = await lockMachine(trx, fingerprint);
    if (before.status === 'revoked')
      throw new QconnError('invalid_state', `The machine ${fingerprint} is revoked already.`, {
        facts: { status: before.status },
      });
    await markRevoked(trx, fingerprint, act);
    const after = await readMachine(trx, fingerprint);
    await policyChanged(trx, { machines: [fingerprint] });
    await appendAudit(trx, act, {
      act: 'machine.revoke',
      subject: fingerprint,
      before: auditView(before),
      after: { ...auditView(after), reason },
    });
    return after;
  });
}

/**
 * Revokes the machine and its credentials that have not expired. It keeps hostname, roles and labels
 * as a record of what it was; the hostname is free for others.
 */
export async function markRevoked(trx: Trx, fingerprint: string, { now }: Act): Promise<void> {
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
