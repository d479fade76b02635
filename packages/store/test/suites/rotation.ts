import { expect, test } from 'vitest';

import type { RotationRecord } from '../../src/index.ts';
import type { Opened } from '../both-databases.ts';
import { admin, authorized, DAY, enrolled, HOUR, newCredential, NOW, race, unique } from '../fixtures.ts';

const pin = (): string => unique().toString(16).padStart(64, '0');

/** Tests leave no rotation open, since there is one at a time. */
export function rotationSuite(opened: () => Opened): void {
  const rotations = (): Opened['store']['rotations'] => opened().store.rotations;
  const prepare = async (): Promise<RotationRecord> =>
    await rotations().prepare({ root: pin(), previousRoot: pin(), issuer: pin(), trust: `both-${unique()}`, ...admin });
  const activate = async (): Promise<RotationRecord> => await rotations().activate({ renewWithinMs: 1_000, ...admin });
  /** Machines of other tests hold nothing of this rotation: a moment at which all of theirs have long expired. */
  const later = { graceMs: HOUR, now: NOW + 50 * DAY };
  const until = later.now + DAY;

  test('goes from prepared to activated to pruned, one at a time, each step with its audit row', async () => {
    const { store } = opened();
    const rotation = await prepare();
    expect(rotation).toMatchObject({ phase: 'prepared', startedAt: NOW, activatedAt: null, endedAt: null });
    await expect(prepare()).rejects.toMatchObject({ code: 'invalid_state' });
    await expect(rotations().prune({ ...admin, ...later })).rejects.toMatchObject({
      code: 'invalid_state',
      facts: { phase: 'prepared' },
    });
    expect(await activate()).toMatchObject({ phase: 'activated', activatedAt: NOW, renewWithinMs: 1_000 });
    await expect(activate()).rejects.toMatchObject({ code: 'invalid_state' });
    await expect(rotations().abort(admin)).rejects.toMatchObject({ code: 'invalid_state' });
    expect(await rotations().prune({ ...admin, ...later })).toMatchObject({ phase: 'pruned', endedAt: later.now });
    expect(await rotations().last()).toMatchObject({ root: rotation.root, phase: 'pruned' });
    await expect(activate()).rejects.toMatchObject({ code: 'invalid_state' });
    const { items } = await store.audit.list({ subject: rotation.root });
    expect(items.map(({ act }) => act)).toEqual(['ca.prune', 'ca.activate', 'ca.prepare']);
  });

  test('of administrators who prepare at once, one does', async () => {
    const { won, lost } = await race([prepare(), prepare(), prepare()]);
    expect(won).toHaveLength(1);
    expect(new Set(lost)).toEqual(new Set(['invalid_state']));
    await rotations().abort(admin);
  });

  test('is not pruned while a live machine lacks the new root or a certificate of it, and names them', async () => {
    const { store } = opened();
    const { trust, issuer } = await prepare();
    await activate();
    const name = `rotated-${unique()}`;
    const [old, renewed] = [newCredential({ until }), newCredential({ until, issuer })];
    const machine = await authorized(store, name, [], { issue: async () => old });
    await store.credentials.add({ machine, credential: renewed, ...admin });
    const prune = async (): Promise<RotationRecord> => await rotations().prune({ ...admin, ...later });
    await expect(prune()).rejects.toMatchObject({ code: 'rotation_blocked', facts: { machines: 1 } });
    await rotations().note([{ machine, trust, serial: old.serial }]);
    await expect(prune()).rejects.toThrow(name);
    await rotations().note([{ machine, trust: 'old', serial: renewed.serial }]);
    await expect(prune()).rejects.toThrow(name);
    const rotation = (await rotations().last()) as RotationRecord;
    const lagging = await rotations().lagging(rotation, { ...later, limit: 10 });
    expect(lagging).toMatchObject({ live: 1, expired: 0 });
    expect(lagging.machines).toEqual([
      expect.objectContaining({
        fingerprint: machine,
        hostname: name,
        hasTrust: false,
        hasCertificate: true,
        expiresAt: until,
      }),
    ]);
    // What is said of another machine's certificate changes nothing.
    await rotations().note([{ machine, trust, serial: newCredential().serial }]);
    await expect(prune()).rejects.toThrow(name);
    await rotations().note([{ machine, trust, serial: renewed.serial }]);
    expect(await prune()).toMatchObject({ phase: 'pruned' });
    await store.machines.revoke({ fingerprint: machine, ...admin });
  });

  test('waits for machines that may still renew after expiry, unless they are left behind on purpose', async () => {
    const { store } = opened();
    await prepare();
    await activate();
    const machine = await enrolled(store, { issue: async () => newCredential({ until: later.now - HOUR / 2 }) });
    await expect(rotations().prune({ ...admin, ...later })).rejects.toMatchObject({ code: 'rotation_blocked' });
    await rotations().prune({ ...admin, ...later, leaveExpired: true });
    const [row] = (await store.audit.list({ act: 'ca.prune', limit: 1 })).items;
    expect(row?.after).toMatchObject({ leftBehind: 1 });
    await store.machines.revoke({ fingerprint: machine, ...admin });
  });

  test('a revoked machine holds nothing up; one enrolled meanwhile holds what its answer carried', async () => {
    const { store } = opened();
    const { trust, issuer } = await prepare();
    await activate();
    const gone = await enrolled(store, { issue: async () => newCredential({ until }) });
    await store.machines.revoke({ fingerprint: gone, ...admin });
    const fresh = await enrolled(store, { trust, issue: async () => newCredential({ until, issuer }) });
    expect(await rotations().prune({ ...admin, ...later })).toMatchObject({ phase: 'pruned' });
    await store.machines.revoke({ fingerprint: fresh, ...admin });
  });

  test('an activation can be taken back, and a rotation ends with the old root once nobody needs the new one', async () => {
    const { store } = opened();
    const { issuer, trust } = await prepare();
    await activate();
    const machine = await enrolled(store, { trust, issue: async () => newCredential({ until, issuer }) });
    expect(await rotations().deactivate(admin)).toMatchObject({ phase: 'prepared', activatedAt: null });
    await expect(rotations().abort(admin)).rejects.toMatchObject({ code: 'rotation_blocked' });
    const back = newCredential({ until });
    await store.credentials.add({ machine, credential: back, ...admin });
    await rotations().note([{ machine, trust, serial: back.serial }]);
    expect(await rotations().abort(admin)).toMatchObject({ phase: 'aborted' });
    await store.machines.revoke({ fingerprint: machine, ...admin });
  });

  test('certificates of hubs and CAs are in the inventory, once, and cannot be revoked one by one', async () => {
    const { store } = opened();
    const ca = { ...newCredential({ until: NOW + 99 * DAY }), kind: 'issuing', subject: 'Test issuing CA' } as const;
    await store.credentials.recordAuthority([ca], admin);
    await store.credentials.recordAuthority([ca], admin);
    const { items } = await store.credentials.list({ now: NOW, kind: 'issuing' });
    expect(items).toEqual([
      expect.objectContaining({ serial: ca.serial, machine: null, machineStatus: null, subject: 'Test issuing CA' }),
    ]);
    expect((await store.audit.list({ subject: ca.serial })).items.map(({ act }) => act)).toEqual(['ca.issue_issuing']);
    await expect(store.credentials.revoke({ serial: ca.serial, ...admin })).rejects.toMatchObject({
      code: 'invalid_state',
    });
  });

  test('a revocation list has what its CA issued, was revoked and has not expired', async () => {
    const { store } = opened();
    const issuer = pin();
    const machine = await enrolled(store, { issue: async () => newCredential({ issuer }) });
    const [revoked, expired, foreign] = [
      newCredential({ issuer }),
      newCredential({ issuer, until: NOW + 1 }),
      newCredential(),
    ];
    for (const credential of [revoked, expired, foreign]) {
      await store.credentials.add({ machine, credential, ...admin });
      await store.credentials.revoke({ serial: credential.serial, reason: 'lost', ...admin });
    }
    expect((await store.credentials.revoked({ now: NOW + 1, issuer })).items).toEqual([
      { serial: revoked.serial, revokedAt: NOW },
    ]);
    const [row] = (await store.audit.list({ subject: machine, act: 'credential.revoke', limit: 1 })).items;
    expect(row?.after).toMatchObject({ reason: 'lost' });
  });
}
