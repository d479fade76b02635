import type { Database } from '../database/database.ts';
import type { MachineStatus } from '../database/tables.ts';
import { inPages, limitOf, type Page, pageOf, type PageRequest, positionOf } from '../page.ts';
import { normalHostname } from './hostname.ts';
import { type MachineRecord, machineRecordOf, selectMachines } from './record.ts';

/**
 * Which machines to list; what is left out does not restrict. The oldest come first, but for a role
 * or a label it is the lowest fingerprint: the order in which an index has them.
 */
export interface MachineFilter extends PageRequest {
  readonly status?: MachineStatus | undefined;
  /** Exactly this hostname, held now or by a revoked machine before. */
  readonly hostname?: string | undefined;
  readonly requestedHostname?: string | undefined;
  readonly shortCode?: string | undefined;
  readonly role?: string | undefined;
  readonly label?: { readonly key: string; readonly value: string } | undefined;
}

export async function listMachines(database: Database, filter: MachineFilter): Promise<Page<MachineRecord>> {
  const { role, label } = filter;
  return await database.read(async (db) => {
    let query = selectMachines(db);
    if (filter.status !== undefined) query = query.where('status', '=', filter.status);
    if (filter.hostname !== undefined) query = query.where('hostname', '=', normalHostname(filter.hostname));
    if (filter.requestedHostname !== undefined)
      query = query.where('requested_hostname', '=', normalHostname(filter.requestedHostname));
    if (filter.shortCode !== undefined) query = query.where('short_code', '=', filter.shortCode);
    if (role !== undefined)
      query = query.where('fingerprint', 'in', (sub) =>
        sub.selectFrom('machine_role').select('machine').where('role', '=', role),
      );
    if (label !== undefined) {
      query = query.where('fingerprint', 'in', (sub) =>
        sub.selectFrom('machine_label').select('machine').where('key', '=', label.key).where('value', '=', label.value),
      );
    }
    const part =
      role === undefined && label === undefined
        ? inPages(query, ['created_at', 'fingerprint'], filter)
        : byFingerprint(query, filter);
    const rows = await part.execute();
    return pageOf(rows, filter, (row) => [row.created_at, row.fingerprint], machineRecordOf);
  });
}

function byFingerprint(query: ReturnType<typeof selectMachines>, filter: MachineFilter): typeof query {
  const after = positionOf(filter);
  const part = query.orderBy('fingerprint').limit(limitOf(filter) + 1);
  return after === undefined ? part : part.where('fingerprint', '>', after[1]);
}
