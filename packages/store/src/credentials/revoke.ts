import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database, Trx } from '../database/database.ts';
import { policyChanged } from '../policy/changed.ts';
import { type CredentialRecord, credentialRecordOf } from './record.ts';

export interface CredentialRevocation {
  readonly serial: string;
  /** Why, for the audit trail. */
  readonly reason?: string | undefined;
}

/** Revokes one certificate of a machine; the machine and its other certificates stay as they are. */
export async function revokeCredential(
  database: Database,
  { serial, reason, ...act }: CredentialRevocation & Act,
): Promise<CredentialRecord> {
  return await database.write(async (trx) => {
    const update = trx
      .updateTable('credential')
      .set({ revoked_at: act.now })
      .where('serial', '=', serial)
      .where('kind', '=', 'machine')
      .where('revoked_at', 'is', null);
    const row = await update.returningAll().executeTakeFirst();
    if (row === undefined || row.machine === null) throw await notRevocable(trx, serial);
    await policyChanged(trx, { machines: [row.machine] });
    await appendAudit(trx, act, { act: 'credential.revoke', subject: row.machine, after: { serial, reason } });
    return credentialRecordOf(row);
  });
}

async function notRevocable(trx: Trx, serial: string): Promise<QconnError> {
  const known = await trx.selectFrom('credential').select('kind').where('serial', '=', serial).executeTakeFirst();
  if (known === undefined) return new QconnError('unknown_object', `There is no credential with the serial ${serial}.`);
  if (known.kind !== 'machine')
    return new QconnError(
      'invalid_state',
      `The certificate ${serial} is not a machine’s; the hub’s own and its CA’s go by a rotation of the root.`,
    );
  return new QconnError('invalid_state', `The credential ${serial} is revoked already.`);
}
