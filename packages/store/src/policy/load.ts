import type { Trx } from '../database/database.ts';
import type { PolicyMachine, PolicyRole, PolicySnapshot } from './snapshot.ts';

/** Reads the whole policy. `trx` sees one moment. */
export async function loadSnapshot(trx: Trx, now: number): Promise<PolicySnapshot> {
  const { generation } = await trx.selectFrom('policy_generation').select('generation').executeTakeFirstOrThrow();
  return {
    generation,
    roles: await loadRoles(trx),
    machines: await loadMachines(trx),
    revokedSerials: await loadRevokedSerials(trx, now),
  };
}

/** Reads roles: all, or those of the given names that exist. */
export async function loadRoles(trx: Trx, names?: readonly string[]): Promise<PolicyRole[]> {
  const query = trx.selectFrom('role').select(['name', 'grants']).orderBy('name');
  const rows = await (names === undefined ? query : query.where('name', 'in', [...names, ''])).execute();
  return rows.map(({ name, grants }) => ({ name, grants: grants as PolicyRole['grants'] }));
}

/** Reads machines with their roles and labels: all, or the given ones. */
export async function loadMachines(trx: Trx, fingerprints?: readonly string[]): Promise<PolicyMachine[]> {
  let machines = trx.selectFrom('machine').select(['fingerprint', 'status', 'hostname']).orderBy('fingerprint');
  let roles = trx.selectFrom('machine_role').selectAll().orderBy('role');
  let labels = trx.selectFrom('machine_label').selectAll().orderBy('key');
  if (fingerprints !== undefined) {
    const wanted = [...fingerprints, ''];
    machines = machines.where('fingerprint', 'in', wanted);
    roles = roles.where('machine', 'in', wanted);
    labels = labels.where('machine', 'in', wanted);
  }
  const loaded = new Map<
    string,
    { roles: string[]; labels: Record<string, string> } & Pick<PolicyMachine, 'fingerprint' | 'status' | 'hostname'>
  >();
  for (const row of await machines.execute()) loaded.set(row.fingerprint, { ...row, roles: [], labels: {} });
  for (const { machine, role } of await roles.execute()) loaded.get(machine)?.roles.push(role);
  for (const { machine, key, value } of await labels.execute()) {
    const entry = loaded.get(machine);
    if (entry !== undefined) entry.labels[key] = value;
  }
  return [...loaded.values()];
}

/** Reads the serials that must not be let in although their certificates still verify. */
export async function loadRevokedSerials(trx: Trx, now: number, machines?: readonly string[]): Promise<string[]> {
  const query = trx
    .selectFrom('credential')
    .select('serial')
    .where('revoked_at', 'is not', null)
    .where('not_after', '>', now);
  const rows = await (machines === undefined ? query : query.where('machine', 'in', [...machines, ''])).execute();
  return rows.map(({ serial }) => serial);
}
