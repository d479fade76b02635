import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database, Trx } from '../database/database.ts';
import { policyChanged } from '../policy/changed.ts';
import { checkGeneration } from './put-role.ts';

export interface DeleteRole {
  readonly name: string;
  readonly ifGeneration?: number | undefined;
  /** Take it from the machines that have it instead of refusing. */
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
    const machines = force ? await unassignAll(trx, name) : await refuseInUse(trx, name);
    await trx.deleteFrom('role').where('name', '=', name).execute();
    await policyChanged(trx, { roles: [name], machines });
    await appendAudit(trx, act, {
      act: 'role.delete',
      subject: name,
      before: { grants: role.grants, machines: machines.length },
    });
  });
}

async function unassignAll(trx: Trx, role: string): Promise<string[]> {
  const rows = await trx.deleteFrom('machine_role').where('role', '=', role).returning('machine').execute();
  return rows.map(({ machine }) => machine);
}

async function refuseInUse(trx: Trx, role: string): Promise<string[]> {
  const { machines } = await trx
    .selectFrom('machine_role')
    .select((count) => count.fn.countAll<number>().as('machines'))
    .where('role', '=', role)
    .executeTakeFirstOrThrow();
  if (machines === 0) return [];
  throw new QconnError(
    'role_in_use',
    `The role ${role} is assigned to ${machines} ${machines === 1 ? 'machine' : 'machines'}.`,
    { facts: { machines } },
  );
}
