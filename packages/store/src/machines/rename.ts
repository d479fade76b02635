import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database } from '../database/database.ts';
import { policyChanged } from '../policy/changed.ts';
import { auditRelease, freeHostname, normalHostname } from './hostname.ts';
import { lockMachine } from './lock.ts';
import { type MachineRecord, readMachine } from './record.ts';

export interface Renaming {
  readonly fingerprint: string;
  readonly hostname: string;
}

/** Gives an authorized machine another hostname, or one again that it lost while it was expired. */
export async function rename(
  database: Database,
  { fingerprint, hostname: name, ...act }: Renaming & Act,
): Promise<MachineRecord> {
  const hostname = normalHostname(name);
  return await database.write(async (trx) => {
    const before = await lockMachine(trx, fingerprint);
    if (before.status !== 'authorized')
      throw new QconnError('invalid_state', `The machine ${fingerprint} is ${before.status}, not authorized.`, {
        facts: { status: before.status },
      });
    const released = await freeHostname(trx, hostname, fingerprint, act);
    await trx.updateTable('machine').set({ hostname }).where('fingerprint', '=', fingerprint).execute();
    await policyChanged(trx, { machines: [fingerprint, ...(released === undefined ? [] : [released])] });
    await auditRelease(trx, act, released, hostname);
    await appendAudit(trx, act, {
      act: 'machine.rename',
      subject: fingerprint,
      before: { hostname: before.hostname },
      after: { hostname },
    });
    return await readMachine(trx, fingerprint);
  });
}
