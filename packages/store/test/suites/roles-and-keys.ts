import { expect, test } from 'vitest';

import type { RoleGrant } from '../../src/index.ts';
import type { Opened } from '../both-databases.ts';
import { admin, authorized, HOUR, NOW, race, sha256, unique } from '../fixtures.ts';

const grants: readonly RoleGrant[] = [
  {
    effect: 'allow',
    verb: 'submit',
    serviceTypes: ['print', 'scale.*'],
    selector: { labels: { site: 'oslo' }, hostnames: ['printer-*'] },
  },
  { effect: 'deny', verb: 'query', serviceTypes: ['*'] },
];

export function rolesAndKeysSuite(opened: () => Opened): void {
  test('a role comes back as it was put, with a generation that each edit raises', async () => {
    const { store } = opened();
    expect(await store.roles.put({ name: 'lims', grants, ...admin })).toEqual({
      name: 'lims',
      grants,
      generation: 1,
      updatedAt: NOW,
    });
    await store.roles.put({ name: 'lims', grants: [], ...admin, now: NOW + 1 });
    expect(await store.roles.find('lims')).toEqual({ name: 'lims', grants: [], generation: 2, updatedAt: NOW + 1 });
    expect((await store.roles.list({ limit: 1_000 })).items.map(({ name }) => name)).toContain('lims');
    expect(await store.roles.find('nobody')).toBeUndefined();
  });

  test('of edits of one generation at once exactly one wins', async () => {
    const { store, kind } = opened();
    for (let round = 0; round < (kind === 'PGlite' ? 2 : 20); round++) {
      const name = `edited-${unique()}`;
      for (const ifGeneration of [0, 1]) {
        const { won, lost } = await race(
          Array.from({ length: 6 }, () => store.roles.put({ name, grants, ifGeneration, ...admin })),
        );
        expect(won).toHaveLength(1);
        expect(lost).toEqual(Array.from({ length: 5 }, () => 'edit_conflict'));
      }
    }
  });

  test('a role in use is not deleted unless it is taken from its machines', async () => {
    const { store } = opened();
    await store.roles.put({ name: 'used', grants, ...admin });
    const fingerprint = await authorized(store, 'user-of-role', ['used']);
    await expect(store.roles.delete({ name: 'used', ...admin })).rejects.toMatchObject({
      code: 'role_in_use',
      facts: { machines: 1 },
    });
    await store.roles.delete({ name: 'used', force: true, ...admin });
    expect(await store.machines.find(fingerprint)).toMatchObject({ roles: [] });
    await expect(store.roles.delete({ name: 'used', ...admin })).rejects.toMatchObject({ code: 'unknown_role' });
  });

  test('many roles are changed together, or none is', async () => {
    const { store } = opened();
    for (const name of ['set-a', 'set-b']) await store.roles.put({ name, grants, ...admin });
    const fingerprint = await authorized(store, 'of-the-set', ['set-b']);
    const version = await store.roles.version();
    const change = { put: [{ name: 'set-a', grants: [] }], delete: ['set-b'], assign: [], ...admin };
    await expect(store.roles.apply(change)).rejects.toMatchObject({ code: 'role_in_use', facts: { machines: 1 } });
    expect(await store.roles.find('set-a')).toMatchObject({ generation: 1 });
    const assign = [{ fingerprint, roles: ['set-a'] }];
    const after = await store.roles.apply({ ...change, assign, ifVersion: version });
    expect(after).toBe(await store.roles.version());
    expect(await store.roles.named(['set-a', 'set-b'])).toMatchObject([{ name: 'set-a', grants: [], generation: 2 }]);
    expect(await store.machines.find(fingerprint)).toMatchObject({ roles: ['set-a'] });
    const acts = (await store.audit.list({ limit: 3 })).items.map(({ act, subject }) => [act, subject]);
    expect(acts).toEqual([
      ['role.delete', 'set-b'],
      ['machine.assign', fingerprint],
      ['role.put', 'set-a'],
    ]);
    await expect(
      store.roles.apply({ put: [], delete: ['set-a'], assign: [], force: true, ifVersion: version, ...admin }),
    ).rejects.toMatchObject({ code: 'edit_conflict' });
  });

  test('a role that an API key has is in use, until the key is revoked or the role is taken from it', async () => {
    const { store } = opened();
    await store.roles.put({ name: 'of-a-key', grants, ...admin });
    const key = { id: 'aa11', name: 'k', secretHash: sha256('k'), scopes: ['of-a-key'], expiresAt: NOW + HOUR };
    await store.keys.create({ ...key, ...admin });
    await expect(store.roles.delete({ name: 'of-a-key', ...admin })).rejects.toMatchObject({
      code: 'role_in_use',
      facts: { machines: 0, keys: 1 },
    });
    await store.roles.delete({ name: 'of-a-key', force: true, ...admin });
    expect(await store.keys.find('aa11')).toMatchObject({ scopes: [] });
  });

  test('an act that names its request is done once, however many try, and is forgotten after a day', async () => {
    const { store } = opened();
    const name = `once-${unique()}`;
    const once = { keyHash: sha256(name), requestHash: sha256('what') };
    const put = (now: number) => store.roles.put({ name, grants, actor: 'key:once', now, once });
    const { won, lost } = await race(Array.from({ length: 6 }, () => put(NOW)));
    expect(won).toHaveLength(1);
    expect(lost).toEqual(Array.from({ length: 5 }, () => 'already_done'));
    const at = { actor: 'key:once', keyHash: once.keyHash };
    expect(await store.idempotency.find({ ...at, now: NOW })).toMatchObject({ doneAt: NOW, answer: undefined });
    await store.idempotency.keep({ ...at, status: 200, body: '{}' });
    await store.idempotency.keep({ ...at, status: 201, body: 'later' });
    expect(await store.idempotency.find({ ...at, now: NOW })).toMatchObject({ answer: { status: 200, body: '{}' } });
    expect(await store.idempotency.find({ ...at, actor: 'key:other', now: NOW })).toBeUndefined();
    expect(await store.idempotency.find({ ...at, now: NOW + 24 * HOUR })).toBeUndefined();
    expect(await put(NOW + 24 * HOUR)).toMatchObject({ generation: 2 });
  });

  test('a role cannot be assigned while it is being deleted', async () => {
    const { store, kind } = opened();
    const fingerprint = await authorized(store, 'assigned-while-deleted');
    for (let round = 0; round < (kind === 'PGlite' ? 2 : 20); round++) {
      const name = `vanishing-${unique()}`;
      await store.roles.put({ name, grants, ...admin });
      const { won, lost } = await race<unknown>([
        store.machines.assign({ fingerprint, roles: [name], ...admin }),
        store.roles.delete({ name, ...admin }),
      ]);
      expect(won).toHaveLength(1);
      expect(['role_in_use', 'unknown_role']).toContain(lost[0]);
    }
  });

  test('assigning replaces what is given and leaves the rest', async () => {
    const { store } = opened();
    for (const name of ['one', 'two']) await store.roles.put({ name, grants, ...admin });
    const fingerprint = await authorized(store, 'assignee', ['one']);
    expect(await store.machines.assign({ fingerprint, labels: { floor: '2', site: 'oslo' }, ...admin })).toMatchObject({
      roles: ['one'],
      labels: { floor: '2', site: 'oslo' },
    });
    expect(await store.machines.assign({ fingerprint, roles: ['two', 'two'], ...admin })).toMatchObject({
      roles: ['two'],
      labels: { floor: '2' },
    });
    expect(await store.machines.assign({ fingerprint, roles: [], labels: {}, ...admin })).toMatchObject({
      roles: [],
      labels: {},
    });
    await expect(store.machines.assign({ fingerprint, roles: ['three'], ...admin })).rejects.toMatchObject({
      code: 'unknown_role',
      facts: { role: 'three' },
    });
  });

  test('a key authenticates until it expires or is revoked, and no refusal says why', async () => {
    const { store } = opened();
    const key = {
      id: 'aa01',
      name: 'ci',
      secretHash: sha256('secret'),
      scopes: ['machines:approve'],
      expiresAt: NOW + HOUR,
    };
    const record = await store.keys.create({ ...key, ...admin });
    expect(record).toEqual({
      id: 'aa01',
      name: 'ci',
      scopes: ['machines:approve'],
      createdBy: 'key:admin',
      createdAt: NOW,
      expiresAt: NOW + HOUR,
      revokedAt: null,
    });
    const present = { id: 'aa01', secretHash: sha256('secret'), now: NOW };
    expect(await store.keys.authenticate(present)).toEqual(record);
    await expect(store.keys.authenticate({ ...present, now: NOW + HOUR })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(store.keys.authenticate({ ...present, secretHash: sha256('guess') })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(store.keys.authenticate({ ...present, id: 'aa02' })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await store.keys.revoke({ id: 'aa01', ...admin });
    await expect(store.keys.authenticate(present)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect((await store.keys.list()).items).toContainEqual({ ...record, revokedAt: NOW });
  });

  test('the hub is initialised once, and its bootstrap secret buys one key once', async () => {
    const { store } = opened();
    const bootstrap = { id: 'b001', secretHash: sha256('bootstrap') };
    expect(await store.hub.find()).toBeUndefined();
    const { won, lost } = await race(
      ['hub-1', 'hub-2', 'hub-3'].map((id) => store.hub.initialise({ id, bootstrap, ...admin })),
    );
    expect(lost).toEqual(['already_initialised', 'already_initialised']);
    expect(await store.hub.find()).toEqual(won[0]);

    const key = (id: string) => ({
      id,
      name: 'first',
      secretHash: sha256(id),
      scopes: ['admin'],
      expiresAt: NOW + HOUR,
    });
    await expect(
      store.hub.spendBootstrap({ ...bootstrap, secretHash: sha256('guess'), key: key('c000'), now: NOW }),
    ).rejects.toMatchObject({ code: 'bootstrap_spent' });
    const spent = await race(
      ['c001', 'c002', 'c003'].map((id) => store.hub.spendBootstrap({ ...bootstrap, key: key(id), now: NOW })),
    );
    expect(spent.won).toHaveLength(1);
    expect(spent.lost).toEqual(['bootstrap_spent', 'bootstrap_spent']);

    await store.hub.renewBootstrap({ id: 'b002', secretHash: sha256('again'), ...admin });
    expect(
      await store.hub.spendBootstrap({ id: 'b002', secretHash: sha256('again'), key: key('c004'), now: NOW }),
    ).toMatchObject({ id: 'c004', scopes: ['admin'] });
  });
}
