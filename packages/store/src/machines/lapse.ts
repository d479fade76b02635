import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database } from '../database/database.ts';
import { policyChanged } from '../policy/changed.ts';
import { replaceRoles } from './assign.ts';
import { lockMachine } from './lock.ts';
import { auditView, type MachineRecord, readMachine } from './record.ts';

export interface Lapse {
  readonly fingerprint: string;
  /** Why, for the audit trail. */
  readonly reason?: string | undefined;
}

export async function lapse(database: Database, { fingerprint, reason, ...act }: Lapse & Act): Promise<MachineRecord> {
  return await database.write(async (trx) => {
    const before = await lockMachine(trx, fingerprint);
    if (before.status !== 'authorized')
      throw new QconnError('invalid_state', `The machine ${fingerprint} is ${before.status}, not authorized.`, {
        facts: { status: before.status },
      });
    const pending = {
      status: 'pending',
      hostname: null,
      requested_hostname: before.hostname ?? before.requestedHostname,
      authorized_at: null,
    } as const;
    await trx.updateTable('machine').set(pending).where('fingerprint', '=', fingerprint).execute();
    await replaceRoles(trx, fingerprint, []);
    const after = await readMachine(trx, fingerprint);
    await policyChanged(trx, { machines: [fingerprint] });
    await appendAudit(trx, act, {
      act: 'machine.lapse',
      subject: fingerprint,
      before: auditView(before),
      after: { ...auditView(after), reason },
    });
    return after;
  });
}
