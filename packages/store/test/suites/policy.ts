import { expect, test } from 'vitest';

import type { PolicyChange, RoleGrant, Store } from '../../src/index.ts';
import type { Opened } from '../both-databases.ts';
import { admin, authorized, DAY, enrolled, newCredential, newRequest, newToken, NOW, unique } from '../fixtures.ts';

const grants: readonly RoleGrant[] = [{ effect: 'allow', verb: 'provide', serviceTypes: ['print'] }];

/** Collects changes until one has at least the given generation. */
async function changesUntil(store: Store, act: () => Promise<unknown>): Promise<PolicyChange[]> {
  const heard: PolicyChange[] = [];
  let wake = (): void => {};
  const stop = await store.policy.onChange((change) => {
    heard.push(change);
    wake();
  });
  await act();
  const generation = await store.policy.generation();
  while (!heard.some((change) => change.kind === 'changed' && change.generation >= generation))
    await new Promise<void>((resolve) => (wake = resolve));
  stop();
  return heard;
}

export function policySuite(opened: () => Opened): void {
  test('the snapshot has roles, machines of every status, and revoked certificates that still verify', async () => {
    const { store } = opened();
    await store.roles.put({ name: 'in-snapshot', grants, ...admin });
    const pending = await enrolled(store);
    const serials = [newCredential(), newCredential({ until: NOW + 1 })];
    const live = await authorized(store, 'snapshot', ['in-snapshot'], { issue: async () => serials[0]! });
    await store.credentials.add({ machine: live, credential: serials[1]!, ...admin });
    await store.machines.assign({ fingerprint: live, labels: { site: 'oslo' }, ...admin });
    for (const { serial } of serials) await store.credentials.revoke({ serial, ...admin });

    const policy = await store.policy.load({ now: NOW + 1 });

    expect(policy.generation).toBe(await store.policy.generation());
    expect(policy.roles).toContainEqual({ name: 'in-snapshot', grants });
    expect(policy.machines).toContainEqual({
      fingerprint: pending,
      status: 'pending',
      hostname: null,
      roles: [],
      labels: {},
    });
    expect(policy.machines).toContainEqual({
      fingerprint: live,
      status: 'authorized',
      hostname: 'snapshot',
      roles: ['in-snapshot'],
      labels: { site: 'oslo' },
    });
    expect(policy.revokedSerials).toContain(serials[0]!.serial);
    expect(policy.revokedSerials).not.toContain(serials[1]!.serial);
  });

  test('a part holds what was asked for and exists', async () => {
    const { store } = opened();
    const fingerprint = await authorized(store, 'in-a-part');
    const serial = (await store.machines.find(fingerprint))!;
    await store.machines.revoke({ fingerprint, ...admin });
    const part = await store.policy.loadPart({ machines: [fingerprint, 'qc1gone'], roles: ['gone'], now: NOW });
    expect(part).toMatchObject({ roles: [], machines: [{ fingerprint, status: 'revoked', hostname: null }] });
    expect(part.revokedSerials).toHaveLength(1);
    expect(serial.expiresAt).toBe(NOW + 7 * DAY);
    expect(await store.policy.loadPart({ now: NOW })).toEqual({ roles: [], machines: [], revokedSerials: [] });
  });

  test('every kind of change raises the generation by one and names what it touched', async () => {
    const { store } = opened();
    const name = `role-${unique()}`;
    const credential = newCredential();
    let fingerprint = '';
    const kinds: ReadonlyArray<readonly [() => Promise<unknown>, () => Partial<PolicyChange>]> = [
      [async () => await store.roles.put({ name, grants, ...admin }), () => ({ machines: [], roles: [name] })],
      [
        async () => (fingerprint = await enrolled(store, { issue: async () => credential })),
        () => ({ machines: [fingerprint], roles: [] }),
      ],
      [
        async () => await store.machines.approve({ fingerprint, hostname: name, roles: [name], ...admin }),
        () => ({ machines: [fingerprint] }),
      ],
      [
        async () => await store.machines.assign({ fingerprint, labels: { a: 'b' }, ...admin }),
        () => ({ machines: [fingerprint] }),
      ],
      [
        async () => await store.machines.rename({ fingerprint, hostname: `${name}-2`, ...admin }),
        () => ({ machines: [fingerprint] }),
      ],
      [
        async () => await store.credentials.revoke({ serial: credential.serial, ...admin }),
        () => ({ machines: [fingerprint] }),
      ],
      [
        async () => await store.roles.delete({ name, force: true, ...admin }),
        () => ({ machines: [fingerprint], roles: [name] }),
      ],
      [async () => await store.machines.revoke({ fingerprint, ...admin }), () => ({ machines: [fingerprint] })],
    ];
    for (const [act, expected] of kinds) {
      const before = await store.policy.generation();
      const changes = await changesUntil(store, act);
      expect(changes).toMatchObject([{ kind: 'changed', generation: before + 1, ...expected() }]);
    }
  });

  test('a listener may use the store at once', async () => {
    const { store } = opened();
    const loaded = Promise.withResolvers<number>();
    await store.policy.onChange((change) => {
      if (change.kind !== 'changed') return;
      const part = store.policy.loadPart({ roles: change.roles, now: NOW });
      part.then(({ roles }) => loaded.resolve(roles.length), loaded.reject);
    });
    await store.roles.put({ name: `role-${unique()}`, grants, ...admin });
    expect(await loaded.promise).toBe(1);
  });

  test('what changes nothing is not announced', async () => {
    const { store } = opened();
    const fingerprint = await authorized(store, 'unchanged');
    const before = await store.policy.generation();
    await store.credentials.add({ machine: fingerprint, credential: newCredential(), ...admin });
    await expect(store.machines.approve({ fingerprint, hostname: 'x', roles: [], ...admin })).rejects.toThrow();
    expect(await store.policy.generation()).toBe(before);
  });

  test('changes at once are announced one by one in the order of their generations', async () => {
    const { store } = opened();
    const other = await opened().another();
    const first = (await store.policy.generation()) + 1;
    const changes = await changesUntil(
      other,
      async () =>
        await Promise.all(
          Array.from({ length: 12 }, () => store.roles.put({ name: `burst-${unique()}`, grants, ...admin })),
        ),
    );
    expect(changes.map((change) => change.kind === 'changed' && change.generation)).toEqual(
      Array.from({ length: 12 }, (_, index) => first + index),
    );
  });

  test('a change of very many machines asks for everything to be loaded', async () => {
    const { store } = opened();
    await store.roles.put({ name: 'popular', grants, ...admin });
    const token = newToken({ uses: 101, autoApprove: true, roles: ['popular'] });
    await store.tokens.create({ ...token, ...admin });
    for (let machine = 0; machine < 101; machine++)
      await store.enrol(newRequest(token, { requestedHostname: `popular-${machine}` }));
    const heard: PolicyChange[] = [];
    const resync = Promise.withResolvers<void>();
    await store.policy.onChange((change) => (heard.push(change), change.kind === 'resync' && resync.resolve()));
    await store.roles.delete({ name: 'popular', force: true, ...admin });
    await resync.promise;
    expect(heard.at(-1)).toEqual({ kind: 'resync' });
  });
}
