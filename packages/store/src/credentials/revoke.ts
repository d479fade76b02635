import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database } from '../database/database.ts';
import { policyChanged } from '../policy/changed.ts';
import { type CredentialRecord, credentialRecordOf } from './record.ts';

/** Revokes one certificate; the machine and its other certificates stay as they are. */
export async function revokeCredential(
  database: Database,
  { serial, ...act }: { readonly serial: string } & Act,
): Promise<CredentialRecord> {
  return await database.write(async (trx) => {
    const update = trx
      .updateTable('credential')
      .set({ revoked_at: act.now })
      .where('serial', '=', serial)
      .where('revoked_at', 'is', null);
    const row = await update.returningAll().executeTakeFirst();
    if (row === undefined) {
      const known = await trx.selectFrom('credential').select('serial').where('serial', '=', serial).executeTakeFirst();
      if (known === undefined)
        throw new QconnError('unknown_object', `There is no credential with the serial ${serial}.`);
      throw new QconnError('invalid_state', `The credential ${serial} is revoked already.`);
    }
    await policyChanged(trx, { machines: [row.machine] });
    await appendAudit(trx, act, { act: 'credential.revoke', subject: row.machine, after: { serial } });
    return credentialRecordOf(row);
  });
}
