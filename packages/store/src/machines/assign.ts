import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import type { Database, Trx } from '../database/database.ts';
import { changeMachine } from './change.ts';
import type { MachineRecord } from './record.ts';

/** What a machine shall have instead of what it has; what is left out stays. */
export interface Assignment {
  readonly fingerprint: string;
  readonly roles?: readonly string[] | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** The version that the editor saw; left out: whatever is there. */
  readonly ifVersion?: string | undefined;
}

export async function assign(
  database: Database,
  { fingerprint, roles, labels, ifVersion, ...act }: Assignment & Act,
): Promise<MachineRecord> {
  return await changeMachine(database, fingerprint, act, {
    act: 'machine.assign',
    from: ['pending', 'authorized'],
    ifVersion,
    async make(trx) {
      await requireRoles(trx, roles ?? []);
      if (roles !== undefined) await replaceRoles(trx, fingerprint, roles);
      if (labels !== undefined) await replaceLabels(trx, fingerprint, labels);
      return [];
    },
  });
}

/** Gives a locked machine exactly these roles, which `requireRoles` has seen. */
export async function replaceRoles(trx: Trx, machine: string, roles: readonly string[]): Promise<void> {
  await trx.deleteFrom('machine_role').where('machine', '=', machine).execute();
  if (roles.length === 0) return;
  const rows = [...new Set(roles)].map((role) => ({ machine, role }));
  await trx.insertInto('machine_role').values(rows).execute();
}

export async function replaceLabels(
  trx: Trx,
  machine: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  await trx.deleteFrom('machine_label').where('machine', '=', machine).execute();
  const rows = Object.entries(labels).map(([key, value]) => ({ machine, key, value }));
  if (rows.length > 0) await trx.insertInto('machine_label').values(rows).execute();
}

/**
 * Names the missing role; that a role cannot go in the meantime is up to the foreign key.
 * @throws QconnError unknown_role with `facts.role`
 */
export async function requireRoles(trx: Trx, roles: readonly string[]): Promise<void> {
  if (roles.length === 0) return;
  const known = await trx
    .selectFrom('role')
    .select('name')
    .where('name', 'in', [...roles])
    .execute();
  const missing = roles.find((role) => !known.some(({ name }) => name === role));
  if (missing !== undefined)
    throw new QconnError('unknown_role', `There is no role ${missing}.`, { facts: { role: missing } });
}
