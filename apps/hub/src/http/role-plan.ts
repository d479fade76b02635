import { Impact, nameOf, type Principal, type RoleChange } from '@qconn/authz';
import type { KeyRecord, RoleRecord } from '@qconn/store';
import { AffectedSearch } from './affected-search.ts';
import type { ApiContext } from './app.ts';
import { policyAfter, rolesThatMove, type RoleSetChange } from './role-set.ts';

/** Keys that are looked at; a hub has some dozens. */
const KEYS_MAX = 1_000;

/**
 * Says whom a change would affect, by the engine that enforces, on the policy in force.
 * @param known every role there is
 */
export async function planOf(
  change: RoleSetChange,
  known: readonly RoleRecord[],
  context: ApiContext,
): Promise<AffectedSearch> {
  const { clock, policy } = context;
  const { current } = policy;
  // A snapshot of its own, so that questions nobody else asks do not push out what the hub has learnt to answer.
  const unchanged = change.roles.map(({ name, before }) => ({ name, before, after: before }));
  const before = policyAfter(current, { roles: unchanged, machines: [] });
  const after = policyAfter(current, change);
  const search = new AffectedSearch(new Impact({ before, after }, bothStates(change, known)), clock);
  const changed = new Set(change.roles.map(({ name }) => name));
  const reassigned = new Map(change.machines.map((machine) => [machine.fingerprint, machine]));
  for (const machine of current.machines()) {
    const { fingerprint, status, roles } = machine;
    const given = reassigned.get(fingerprint)?.after;
    if (status !== 'authorized' || (given === undefined && !roles.some((role) => changed.has(role)))) continue;
    await search.look({
      kind: 'machine',
      id: fingerprint,
      name: nameOf(machine),
      before: fingerprint,
      after: fingerprint,
      ...(given === undefined ? { roles } : { roles: [...roles, ...given], moved: rolesThatMove(roles, given) }),
    });
  }
  for (const { id, name, scopes } of await liveKeys(context)) {
    if (!scopes.some((role) => changed.has(role))) continue;
    const key: Principal = { fingerprint: `key:${id}`, status: 'authorized', labels: {}, roles: scopes };
    await search.look({ kind: 'key', id, name, roles: scopes, before: key, after: key });
  }
  return search;
}

/** Every role before and after. */
function bothStates({ roles }: RoleSetChange, known: readonly RoleRecord[]): RoleChange[] {
  const changed = new Set(roles.map(({ name }) => name));
  return [
    ...roles.map(({ name, before, after }) => ({
      before: before && { name, grants: before },
      after: after && { name, grants: after },
    })),
    ...known.filter(({ name }) => !changed.has(name)).map((role) => ({ before: role, after: role })),
  ];
}

async function liveKeys({ store, clock }: ApiContext): Promise<readonly KeyRecord[]> {
  const { items } = await store.keys.list({ limit: KEYS_MAX });
  const now = clock.now();
  return items.filter(({ revokedAt, expiresAt }) => revokedAt === null && expiresAt > now);
}
