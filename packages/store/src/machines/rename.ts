import type { Act } from '../act.ts';
import type { Database } from '../database/database.ts';
import { changeMachine } from './change.ts';
import { freeHostname, normalHostname } from './hostname.ts';
import type { MachineRecord } from './record.ts';

export interface Renaming {
  readonly fingerprint: string;
  readonly hostname: string;
}

/** Gives an authorized machine another hostname, or one again that it lost while it was expired. */
export async function rename(database: Database, { fingerprint, ...input }: Renaming & Act): Promise<MachineRecord> {
  const hostname = normalHostname(input.hostname);
  return await changeMachine(database, fingerprint, input, {
    act: 'machine.rename',
    from: ['authorized'],
    async make(trx) {
      const others = await freeHostname(trx, hostname, fingerprint, input.now);
      await trx.updateTable('machine').set({ hostname }).where('fingerprint', '=', fingerprint).execute();
      return others;
    },
  });
}
