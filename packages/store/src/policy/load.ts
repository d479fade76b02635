import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';

import type { Tables, Trx } from '../database/database.ts';
import { LABELS_OF_MACHINE, ROLES_OF_MACHINE } from '../machines/assigned.ts';
import type { PolicyMachine, PolicyRole, PolicySnapshot } from './snapshot.ts';

/** Machines read at once: some milliseconds of work, between which the hub does everything else. */
const BATCH = 2_000;

/** Reads the whole policy. `trx` sees one moment. */
export async function loadSnapshot(trx: Trx, now: number): Promise<PolicySnapshot> {
  const { generation } = await trx.selectFrom('policy_generation').select('generation').executeTakeFirstOrThrow();
  return {
    generation,
    roles: await loadRoles(trx),
    machines: await loadAllMachines(trx),
    revokedSerials: await loadRevokedSerials(trx, now),
  };
}

/** Reads roles: all, or those of the given names, one at least, that exist. */
export async function loadRoles(trx: Trx, names?: readonly string[]): Promise<PolicyRole[]> {
  const query = trx.selectFrom('role').select(['name', 'grants']).orderBy('name');
  const rows = await (names === undefined ? query : query.where('name', 'in', [...names])).execute();
  return rows.map(({ name, grants }) => ({ name, grants: grants as PolicyRole['grants'] }));
}

/** Reads the given machines, one at least, with their roles and labels. */
export async function loadMachines(trx: Trx, fingerprints: readonly string[]): Promise<PolicyMachine[]> {
  return await selectMachines(trx)
    .where('fingerprint', 'in', [...fingerprints])
    .execute();
}

async function loadAllMachines(trx: Trx): Promise<PolicyMachine[]> {
  const all: PolicyMachine[] = [];
  for (;;) {
    const last = all.at(-1)?.fingerprint ?? '';
    const batch = await selectMachines(trx).where('fingerprint', '>', last).limit(BATCH).execute();
    for (const machine of batch) all.push(machine);
    if (batch.length < BATCH) return all;
  }
}

/** A revoked machine's record keeps its last name, which another machine may hold by now. */
const HELD: RawBuilder<string | null> = sql`CASE WHEN status = 'authorized' THEN hostname END`;

function selectMachines(trx: Trx): SelectQueryBuilder<Tables, 'machine', PolicyMachine> {
  return trx
    .selectFrom('machine')
    .select([
      'fingerprint',
      'status',
      HELD.as('hostname'),
      ROLES_OF_MACHINE.as('roles'),
      LABELS_OF_MACHINE.as('labels'),
    ])
    .orderBy('fingerprint');
}

/** Reads the serials that must not be let in although their certificates still verify: all, or those of the given machines, one at least. */
export async function loadRevokedSerials(trx: Trx, now: number, machines?: readonly string[]): Promise<string[]> {
  const query = trx
    .selectFrom('credential')
    .select('serial')
    .where('revoked_at', 'is not', null)
    .where('not_after', '>', now);
  const rows = await (machines === undefined ? query : query.where('machine', 'in', [...machines])).execute();
  return rows.map(({ serial }) => serial);
}
