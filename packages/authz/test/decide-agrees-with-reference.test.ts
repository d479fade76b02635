import { compilePolicy, decide, decideExchange, type Principal, type Role, VERBS } from '@qconn/authz';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { naiveDecide, naiveExchange, type World } from './reference.ts';
import { FINGERPRINTS, machine, machines, question, role, ROLE_NAMES, roles, SERVICE_TYPES } from './worlds.ts';

const seed = Number(process.env['QCONN_TEST_SEED'] ?? Date.now() % 2 ** 31);
const runs = 12_000;
console.log(`authz properties: seed ${seed} (QCONN_TEST_SEED=${seed} repeats this run), ${runs} policies`);

test('decides as the naive reference does, on random policies', () => {
  fc.assert(
    fc.property(roles, machines, question, (someRoles, someMachines, { asker, target, serviceType }) => {
      const world: World = { roles: someRoles, machines: someMachines };
      const policy = compilePolicy({ generation: 1, ...world });
      for (const verb of VERBS) {
        const at = { principal: asker, verb, serviceType };
        expect(decide(policy, at).allowed).toBe(naiveDecide(world, asker, verb, serviceType));
        expect(decide(policy, { ...at, target }).allowed).toBe(naiveDecide(world, asker, verb, serviceType, target));
      }
      const exchange = decideExchange(policy, { sender: asker, target, serviceType });
      expect(exchange.allowed).toBe(naiveExchange(world, asker, target, serviceType));
    }),
    { numRuns: runs, seed },
  );
});

const change = fc.record({
  machines: fc.array(machine, { maxLength: 2 }),
  removedMachines: fc.subarray(FINGERPRINTS, { maxLength: 1 }),
  roles: fc.array(role, { maxLength: 2 }),
  removedRoles: fc.subarray(ROLE_NAMES, { maxLength: 1 }),
});

test('a snapshot after changes decides as one compiled anew, and the one before it keeps its answers', () => {
  fc.assert(
    fc.property(
      roles,
      machines,
      fc.array(change, { minLength: 1, maxLength: 4 }),
      (someRoles, someMachines, changes) => {
        let world: World = { roles: someRoles, machines: someMachines };
        let policy = compilePolicy({ generation: 0, ...world });
        for (const [index, step] of changes.entries()) {
          const before = answers(policy);
          const next = policy.with({ generation: index + 1, ...step });
          expect(answers(policy)).toEqual(before);
          world = {
            roles: replaced(world.roles, step.roles, step.removedRoles, (item: Role) => item.name),
            machines: replaced(
              world.machines,
              step.machines,
              step.removedMachines,
              (item: Principal) => item.fingerprint,
            ),
          };
          policy = next;
          expect(policy.generation).toBe(index + 1);
          expect(fingerprintsOf(policy.machines())).toEqual(fingerprintsOf(world.machines));
          expect(answers(policy)).toEqual(answers(compilePolicy({ generation: 0, ...world })));
        }
      },
    ),
    { numRuns: 1_000, seed },
  );
});

function answers(policy: ReturnType<typeof compilePolicy>): boolean[] {
  return FINGERPRINTS.flatMap((sender) =>
    FINGERPRINTS.flatMap((target) =>
      SERVICE_TYPES.map((serviceType) => decideExchange(policy, { sender, target, serviceType }).allowed),
    ),
  );
}

function fingerprintsOf(principals: Iterable<Principal>): string[] {
  return Array.from(principals, ({ fingerprint }) => fingerprint).toSorted();
}

/** What the change means: what is removed goes, then what is put replaces its namesake. */
function replaced<T>(
  items: readonly T[],
  put: readonly T[],
  removed: readonly string[],
  key: (item: T) => string,
): T[] {
  const byKey = new Map(items.map((item) => [key(item), item]));
  for (const name of removed) byKey.delete(name);
  for (const item of put) byKey.set(key(item), item);
  return [...byKey.values()];
}
