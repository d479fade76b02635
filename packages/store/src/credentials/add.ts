import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database } from '../database/database.ts';
import { lockMachine } from '../machines/lock.ts';
import { type CredentialRecord, insertCredential, type NewCredential } from './record.ts';

export interface AddedCredential {
  /** The fingerprint of the machine that renews. */
  readonly machine: string;
  readonly credential: NewCredential;
}

/**
 * Adds a certificate that was renewed in time. The ones before stay good until they expire, so that a
 * machine that never receives this one is not locked out.
 */
export async function addCredential(
  database: Database,
  { machine, credential, ...act }: AddedCredential & Act,
): Promise<CredentialRecord> {
  return await database.write(async (trx) => {
    // The lock makes an approval that takes the hostname of an expired machine wait, or this one.
    const { status, recoveries } = await lockMachine(trx, machine);
    if (status === 'revoked') throw new QconnError('revoked', `The machine ${machine} is revoked.`);
    if (recoveries > 0)
      await trx.updateTable('machine').set({ recoveries: 0 }).where('fingerprint', '=', machine).execute();
    const record = await insertCredential(trx, machine, credential, act.now);
    const after = { serial: record.serial, notAfter: record.notAfter };
    await appendAudit(trx, act, { act: 'credential.renew', subject: machine, after });
    return record;
  });
}
