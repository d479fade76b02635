import { QconnError } from '@qconn/protocol';

import type { Trx } from '../database/database.ts';
import type { MachineRow } from './record.ts';

/**
 * Reads a machine and keeps others from changing it, its roles, labels and credentials until the
 * transaction ends.
 * @throws QconnError unknown_object
 */
export async function lockMachine(trx: Trx, fingerprint: string): Promise<MachineRow> {
  const row = await trx.selectFrom('machine').selectAll().where('fingerprint', '=', fingerprint).forUpdate().executeTakeFirst();
  if (row === undefined) throw new QconnError('unknown_object', `There is no machine ${fingerprint}.`);
  return row;
}

/** Whether the machine has a credential that is neither revoked nor expired. */
export async function hasLiveCredential(trx: Trx, fingerprint: string, now: number): Promise<boolean> {
  const query = trx.selectFrom('credential').select('serial').where('machine', '=', fingerprint).where('not_after', '>', now);
  return (await query.where('revoked_at', 'is', null).limit(1).executeTakeFirst()) !== undefined;
}
