import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database } from '../database/database.ts';
import { policyChanged } from '../policy/changed.ts';
import { type RoleGrant, type RoleRecord, roleRecordOf } from './record.ts';

export interface PutRole {
  readonly name: string;
  readonly grants: readonly RoleGrant[];
  /** The generation that the editor saw; 0 when it saw no such role; left out: whatever is there. */
  readonly ifGeneration?: number | undefined;
}

export async function putRole(
  database: Database,
  { name, grants, ifGeneration, ...act }: PutRole & Act,
): Promise<RoleRecord> {
  return await database.write(async (trx) => {
    const before = await trx
      .selectFrom('role')
      .selectAll()
      .where('name', '=', name)
      .forNoKeyUpdate()
      .executeTakeFirst();
    checkGeneration(name, before?.generation ?? 0, ifGeneration);
    const values = { grants: JSON.stringify(grants), updated_at: act.now };
    const row = await trx
      .insertInto('role')
      .values({ name, generation: 1, ...values })
      .onConflict((conflict) =>
        conflict.column('name').doUpdateSet((old) => ({ ...values, generation: old('role.generation', '+', 1) })),
      )
      .returningAll()
      .executeTakeFirstOrThrow();
    // Two first edits at once: the second finds the row only now.
    if (ifGeneration !== undefined) checkGeneration(name, row.generation - 1, ifGeneration);
    await policyChanged(trx, { roles: [name] });
    await appendAudit(trx, act, { act: 'role.put', subject: name, before: before?.grants, after: grants });
    return roleRecordOf(row);
  });
}

/** @throws QconnError edit_conflict */
export function checkGeneration(name: string, actual: number, expected: number | undefined): void {
  if (expected === undefined || expected === actual) return;
  throw new QconnError('edit_conflict', `The role ${name} is at generation ${actual}, not ${expected}.`, {
    facts: { generation: actual },
  });
}
