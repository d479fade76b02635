import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database, Trx } from '../database/database.ts';
import { lockMachine } from '../machines/lock.ts';
import { type CredentialRecord, insertCredential, type NewCredential } from './record.ts';

export interface AddedCredential {
  /** The fingerprint of the machine that renews. */
  readonly machine: string;
  readonly credential: NewCredential;
  /**
   * The machine renews although its last certificate has expired: refuse it the `cap + 1`th time in
   * a row. Left out for a renewal in time, with which the row begins anew.
   */
  readonly recovery?: { readonly cap: number } | undefined;
}

/**
 * Adds a renewed certificate. The ones before stay good until they expire, so that a machine that
 * never receives this one is not locked out.
 */
export async function addCredential(
  database: Database,
  { machine, credential, recovery, ...act }: AddedCredential & Act,
): Promise<CredentialRecord> {
  return await database.write(async (trx) => {
    // The lock makes an approval that takes the hostname of an expired machine wait, or this one.
    const { status, recoveries } = await lockMachine(trx, machine);
    if (status === 'revoked') throw new QconnError('revoked', `The machine ${machine} is revoked.`);
    await countRecoveries(trx, machine, recoveries, recovery);
    const record = await insertCredential(trx, machine, credential, act.now);
    const after = { serial: record.serial, notAfter: record.notAfter };
    await appendAudit(trx, act, {
      act: recovery === undefined ? 'credential.renew' : 'credential.recover',
      subject: machine,
      after,
    });
    return record;
  });
}

async function countRecoveries(
  trx: Trx,
  machine: string,
  before: number,
  recovery: AddedCredential['recovery'],
): Promise<void> {
  if (recovery !== undefined && before >= recovery.cap) {
    throw new QconnError(
      'renewal_refused',
      `The machine ${machine} has renewed ${before} times after expiry, which is as often as it may.`,
      { facts: { recoveries: before } },
    );
  }
  const recoveries = recovery === undefined ? 0 : before + 1;
  if (recoveries !== before)
    await trx.updateTable('machine').set({ recoveries }).where('fingerprint', '=', machine).execute();
}
