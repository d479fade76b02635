import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database } from '../database/database.ts';
import { policyChanged } from '../policy/changed.ts';
import { refuseInUse, unassignAll } from './holders.ts';
import { checkGeneration } from './put-role.ts';

export interface DeleteRole {
  readonly name: string;
  readonly ifGeneration?: number | undefined;
  /** Take it from the machines and API keys that have it instead of refusing. */
  readonly force?: boolean | undefined;
}

export async function deleteRole(
  database: Database,
  { name, ifGeneration, force = false, ...act }: DeleteRole & Act,
): Promise<void> {
  await database.write(async (trx) => {
    // The lock keeps others from assigning the role until this commits.
    const role = await trx.selectFrom('role').selectAll().where('name', '=', name).forUpdate().executeTakeFirst();
    if (role === undefined) throw new QconnError('unknown_role', `There is no role ${name}.`);
    checkGeneration(name, role.generation, ifGeneration);
    const { machines, keys } = await (force ? unassignAll(trx, name) : refuseInUse(trx, name, act.now));
    await trx.deleteFrom('role').where('name', '=', name).execute();
    await policyChanged(trx, { roles: [name], machines });
    await appendAudit(trx, act, {
      act: 'role.delete',
      subject: name,
      before: { grants: role.grants, machines: machines.length, keys },
    });
  });
}
