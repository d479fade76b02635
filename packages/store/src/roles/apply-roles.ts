import { createHash } from 'node:crypto';

import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit, type AuditEntry } from '../audit/append.ts';
import type { Database, Trx } from '../database/database.ts';
import { replaceRoles, requireRoles } from '../machines/assign.ts';
import { lockMachine } from '../machines/lock.ts';
import { policyChanged } from '../policy/changed.ts';
import { refuseInUse, unassignAll } from './holders.ts';
import type { RoleGrant } from './record.ts';

/** Changes of many roles that hold together. */
export interface ApplyRoles {
  /** The version of all roles that the editor saw, as `rolesVersion` gives it; left out: whatever is there. */
  readonly ifVersion?: string | undefined;
  readonly put: readonly { readonly name: string; readonly grants: readonly RoleGrant[] }[];
  readonly delete: readonly string[];
  /** Machines, and the roles that they shall have, all of them. */
  readonly assign: readonly { readonly fingerprint: string; readonly roles: readonly string[] }[];
  /** Take a role that is deleted from the machines and API keys that have it instead of refusing. */
  readonly force?: boolean | undefined;
}

/** Does all of it in one transaction, or nothing. @returns the version of all roles afterwards */
export async function applyRoles(
  database: Database,
  { ifVersion, put, delete: deleted, assign, force = false, ...act }: ApplyRoles & Act,
): Promise<string> {
  return await database.write(async (trx) => {
    const before = await lockRoles(trx);
    const version = versionOf(before.values());
    if (ifVersion !== undefined && ifVersion !== version)
      throw new QconnError('edit_conflict', 'The roles have been changed in the meantime.', { facts: { version } });
    const entries: AuditEntry[] = [];
    for (const { name, grants } of put) {
      await putLocked(trx, { name, grants, generation: (before.get(name)?.generation ?? 0) + 1, now: act.now });
      entries.push({ act: 'role.put', subject: name, before: before.get(name)?.grants, after: grants });
    }
    const machines = [];
    for (const { fingerprint, roles } of assign.toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))) {
      entries.push(await assignLocked(trx, fingerprint, roles));
      machines.push(fingerprint);
    }
    for (const name of deleted) {
      const role = before.get(name);
      if (role === undefined)
        throw new QconnError('unknown_role', `There is no role ${name}.`, { facts: { role: name } });
      const held = await (force ? unassignAll(trx, name) : refuseInUse(trx, name, act.now));
      await trx.deleteFrom('role').where('name', '=', name).execute();
      machines.push(...held.machines);
      const lost = { grants: role.grants, machines: held.machines.length, keys: held.keys };
      entries.push({ act: 'role.delete', subject: name, before: lost });
    }
    if (entries.length === 0) return version;
    await policyChanged(trx, { roles: [...put.map(({ name }) => name), ...deleted], machines: [...new Set(machines)] });
    for (const entry of entries) await appendAudit(trx, act, entry);
    return versionOf((await lockRoles(trx)).values());
  });
}

/** Names the state of all roles together: it changes with each edit of any. */
export async function rolesVersion(database: Database): Promise<string> {
  const rows = await database.read(
    async (db) => await db.selectFrom('role').select(['name', 'generation']).orderBy('name').execute(),
  );
  return versionOf(rows);
}

interface LockedRole {
  readonly name: string;
  readonly generation: number;
  readonly grants: readonly unknown[];
}

async function lockRoles(trx: Trx): Promise<ReadonlyMap<string, LockedRole>> {
  const query = trx.selectFrom('role').select(['name', 'generation', 'grants']).orderBy('name').forUpdate();
  return new Map((await query.execute()).map((role) => [role.name, role]));
}

function versionOf(roles: Iterable<Pick<LockedRole, 'name' | 'generation'>>): string {
  const content = JSON.stringify(
    Array.from(roles, ({ name, generation }) => [name, generation]).toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
  );
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}

async function putLocked(
  trx: Trx,
  { name, grants, generation, now }: { name: string; grants: readonly RoleGrant[]; generation: number; now: number },
): Promise<void> {
  const values = { grants: JSON.stringify(grants), updated_at: now };
  const row = await trx
    .insertInto('role')
    .values({ name, generation, ...values })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet((old) => ({ ...values, generation: old('role.generation', '+', 1) })),
    )
    .returning('generation')
    .executeTakeFirstOrThrow();
  // Somebody has made a role of that name since the others were locked.
  if (row.generation !== generation) throw new QconnError('edit_conflict', `The role ${name} has just been made.`);
}

async function assignLocked(trx: Trx, fingerprint: string, roles: readonly string[]): Promise<AuditEntry> {
  const { status, roles: before } = await lockMachine(trx, fingerprint);
  if (status === 'revoked')
    throw new QconnError('invalid_state', `The machine ${fingerprint} is revoked.`, { facts: { status } });
  await requireRoles(trx, roles);
  await replaceRoles(trx, fingerprint, roles);
  return { act: 'machine.assign', subject: fingerprint, before: { roles: before }, after: { roles } };
}
