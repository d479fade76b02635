import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database, Trx } from '../database/database.ts';
import { changeLocked } from '../machines/change.ts';
import { lapsing } from '../machines/lapse.ts';
import { lockMachine } from '../machines/lock.ts';
import { type MachineRecord, readMachine } from '../machines/record.ts';
import { type CredentialRecord, credentialRecordOf, insertCredential, type NewCredential } from './record.ts';

export interface Recovery {
  /** The fingerprint of the machine, which has shown that it holds its key. */
  readonly machine: string;
  /** How long after its expiry it keeps status, hostname and roles, in milliseconds. */
  readonly graceMs: number;
  /** How often in a row it may renew after expiry; a renewal in time begins the row anew. */
  readonly cap: number;
  /** Issues the certificate. Runs inside the transaction, perhaps more than once; it must not use the store. */
  readonly issue: () => Promise<NewCredential>;
}

export interface Recovered {
  readonly machine: MachineRecord;
  readonly credential: CredentialRecord;
  /** False when it has a live certificate, which it is given again: an answer was lost. */
  readonly issued: boolean;
  /** True when it had been away for longer than the grace period, and is pending now. */
  readonly lapsed: boolean;
}

/** Renews the certificate of a machine whose last one has expired. */
export async function recoverCredential(
  database: Database,
  { machine: fingerprint, graceMs, cap, issue, ...act }: Recovery & Act,
): Promise<Recovered> {
  return await database.write(async (trx) => {
    const before = await lockMachine(trx, fingerprint);
    if (before.status === 'revoked') throw new QconnError('revoked', `The machine ${fingerprint} is revoked.`);
    const last = await lastCredential(trx, fingerprint);
    if (last === undefined)
      throw new QconnError('renewal_refused', `Every certificate of the machine ${fingerprint} has been revoked.`);
    if (last.notAfter > act.now) return { machine: before, credential: last, issued: false, lapsed: false };
    const recoveries = before.recoveries + 1;
    if (recoveries > cap)
      throw new QconnError(
        'renewal_refused',
        `The machine ${fingerprint} has renewed ${before.recoveries} times after expiry, which is as often as it may.`,
        { facts: { recoveries: before.recoveries } },
      );
    const lapsed = before.status === 'authorized' && last.notAfter + graceMs <= act.now;
    if (lapsed) await changeLocked(trx, before, act, lapsing({ fingerprint, reason: 'away for too long' }));
    await trx.updateTable('machine').set({ recoveries }).where('fingerprint', '=', fingerprint).execute();
    const credential = await insertCredential(trx, fingerprint, await issue(), act.now);
    const after = { serial: credential.serial, notAfter: credential.notAfter, expiredAt: last.notAfter, recoveries };
    await appendAudit(trx, act, { act: 'credential.recover', subject: fingerprint, after });
    return { machine: await readMachine(trx, fingerprint), credential, issued: true, lapsed };
  });
}

/** The certificate that ends last among those that are not revoked. */
async function lastCredential(trx: Trx, fingerprint: string): Promise<CredentialRecord | undefined> {
  const row = await trx
    .selectFrom('credential')
    .selectAll()
    .where('machine', '=', fingerprint)
    .where('revoked_at', 'is', null)
    .orderBy('not_after', 'desc')
    .orderBy('serial', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : credentialRecordOf(row);
}
