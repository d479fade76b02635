import { createDatabase } from '@qconn/testkit';
import { expect, onTestFinished, test } from 'vitest';

import { openStore, type PolicyMachine, type PolicyRole, type Store } from '../src/index.ts';
import { admin, enrolled, HOUR, newCredential, NOW } from './fixtures.ts';

const SEED = 20_261_122;
const WORKERS = 8;
const OPERATIONS = 60;
const HOSTNAMES = ['a', 'b', 'c', 'd'];
const ROLES = ['r1', 'r2', 'r3'];

/** What may come of doing anything to anything at any time. */
const EXPECTED = ['hostname_taken', 'invalid_state', 'unknown_role', 'role_in_use', 'revoked', 'unknown_object'];

/** mulberry32: the same choices in every run; what the scheduler makes of them differs. */
function choices(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Keeps up with the policy as a hub does: by the parts that changes name, in their order. */
class Mirror {
  readonly machines = new Map<string, PolicyMachine>();
  readonly roles = new Map<string, PolicyRole>();
  readonly generations: number[] = [];
  work: Promise<void> = Promise.resolve();

  async follow(store: Store): Promise<void> {
    await store.policy.onChange((change) => {
      if (change.kind === 'resync') throw new Error('No change here is that large.');
      this.generations.push(change.generation);
      this.work = this.work.then(async () => {
        const part = await store.policy.loadPart({ ...change, now: NOW });
        for (const name of change.roles) this.roles.delete(name);
        for (const machine of part.machines) this.machines.set(machine.fingerprint, machine);
        for (const role of part.roles) this.roles.set(role.name, role);
      });
    });
  }
}

async function operate(store: Store, machines: readonly string[], choose: (below: number) => number): Promise<unknown> {
  const pick = <T>(list: readonly T[]): T => list[choose(list.length)] as T;
  const act = { actor: 'key:admin', now: NOW + choose(3) * HOUR };
  const [fingerprint, hostname, role] = [pick(machines), pick(HOSTNAMES), pick(ROLES)];
  switch (choose(9)) {
    case 0:
    case 1:
      return await store.machines.approve({ fingerprint, hostname, roles: [role], ...act });
    case 2: {
      const replace = (await store.machines.findByHostname(hostname))?.fingerprint ?? pick(machines);
      return await store.machines.approve({ fingerprint, hostname, roles: [role], replace, ...act });
    }
    case 3:
      return await store.machines.rename({ fingerprint, hostname, ...act });
    case 4:
      return await store.machines.assign({ fingerprint, roles: [role], labels: { site: hostname }, ...act });
    case 5:
      return await store.machines.lapse({ fingerprint, ...act });
    case 6:
      return await store.credentials.add({
        machine: fingerprint,
        credential: newCredential({ until: act.now + HOUR }),
        ...act,
      });
    case 7:
      return choose(6) === 0
        ? await store.machines.revoke({ fingerprint, ...act })
        : await store.roles.put({ name: role, grants: [], ...act });
    default:
      return await store.roles.delete({ name: role, force: choose(2) === 0, ...act });
  }
}

test('whatever two hubs do at once, the rules hold and both know all of it', async () => {
  const database = await createDatabase();
  const [one, two] = [await openStore({ url: database.url }), await openStore({ url: database.url })];
  onTestFinished(async () => {
    await Promise.all([one.close(), two.close()]);
    await database.drop();
  });
  const machines: string[] = [];
  while (machines.length < 24)
    machines.push(await enrolled(one, { issue: async () => newCredential({ until: NOW + HOUR }) }));
  for (const name of ROLES) await one.roles.put({ name, grants: [], ...admin });
  const before = await one.policy.generation();
  const mirror = new Mirror();
  await mirror.follow(two);
  for (const machine of (await two.policy.load(admin)).machines) mirror.machines.set(machine.fingerprint, machine);
  for (const role of (await two.policy.load(admin)).roles) mirror.roles.set(role.name, role);

  const codes = new Set<unknown>();
  const worker = async (_: unknown, index: number): Promise<void> => {
    const choose = choices(SEED + index);
    for (let count = 0; count < OPERATIONS; count++) {
      await operate(index % 2 === 0 ? one : two, machines, choose).catch((error: { code?: string }) =>
        codes.add(error.code ?? error),
      );
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));

  expect([...codes].filter((code) => !EXPECTED.includes(code as string))).toEqual([]);
  const policy = await one.policy.load(admin);
  expect(policy.generation - before).toBeGreaterThan(50);
  const held = policy.machines.flatMap(({ hostname }) => hostname ?? []);
  expect(new Set(held).size).toBe(held.length);
  await expect.poll(() => mirror.generations.at(-1)).toBe(policy.generation);
  expect(mirror.generations).toEqual(
    Array.from({ length: policy.generation - before }, (_, index) => before + 1 + index),
  );
  await mirror.work;
  expect([...mirror.machines.values()].toSorted(byName)).toEqual(policy.machines.toSorted(byName));
  expect([...mirror.roles.keys()].toSorted()).toEqual(policy.roles.map(({ name }) => name));
  expect(await two.audit.verify()).toMatchObject({ intact: true });
});

function byName(a: PolicyMachine, b: PolicyMachine): number {
  return a.fingerprint < b.fingerprint ? -1 : 1;
}
