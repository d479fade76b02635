import type { Trx } from '../database/database.ts';
import { type MachineRecord, readMachine } from './record.ts';

/**
 * Reads a machine and keeps others from changing it, its roles, labels and credentials until the
 * transaction ends.
 * @throws QconnError unknown_object
 */
export async function lockMachine(trx: Trx, fingerprint: string): Promise<MachineRecord> {
  await trx.selectFrom('machine').select('fingerprint').where('fingerprint', '=', fingerprint).forUpdate().execute();
  // Only a statement that begins after the lock sees all that its former holder did.
  return await readMachine(trx, fingerprint);
}

/** Whether the machine has a credential that is neither revoked nor expired. */
export async function hasLiveCredential(trx: Trx, fingerprint: string, now: number): Promise<boolean> {
  const query = trx
    .selectFrom('credential')
    .select('serial')
    .where('machine', '=', fingerprint)
    .where('not_after', '>', now);
  return (await query.where('revoked_at', 'is', null).limit(1).executeTakeFirst()) !== undefined;
}
