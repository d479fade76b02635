import type { Act } from '../act.ts';
import type { Database } from '../database/database.ts';
import { replaceRoles } from './assign.ts';
import { changeMachine, type MachineChange } from './change.ts';
import type { MachineRecord } from './record.ts';

export interface Lapse {
  readonly fingerprint: string;
  /** Why, for the audit trail. */
  readonly reason?: string | undefined;
}

export async function lapse(database: Database, { fingerprint, reason, ...act }: Lapse & Act): Promise<MachineRecord> {
  return await changeMachine(database, fingerprint, act, lapsing({ fingerprint, reason }));
}

/** Makes an authorized machine pending again, without hostname and roles. */
export function lapsing({ fingerprint, reason }: Lapse): MachineChange {
  return {
    act: 'machine.lapse',
    from: ['authorized'],
    note: { reason },
    async make(trx, { hostname, requestedHostname }) {
      await trx
        .updateTable('machine')
        .set({
          status: 'pending',
          hostname: null,
          requested_hostname: hostname ?? requestedHostname,
          authorized_at: null,
        })
        .where('fingerprint', '=', fingerprint)
        .execute();
      await replaceRoles(trx, fingerprint, []);
      return [];
    },
  };
}
