import { expect, test } from 'vitest';

import type { CredentialEntry, NewCredential, Page, Recovered } from '../../src/index.ts';
import type { Opened } from '../both-databases.ts';
import {
  admin,
  authorized,
  DAY,
  enrolled,
  HOUR,
  ISSUER,
  newCredential,
  newRequest,
  newToken,
  NOW,
  unique,
} from '../fixtures.ts';

export function inventorySuite(opened: () => Opened): void {
  const serials = ({ items }: Page<CredentialEntry>): string[] => items.map(({ serial }) => serial);

  test('certificates are found by machine, hostname, status and expiry, the first to expire first', async () => {
    const { store } = opened();
    const [old, current, next] = [
      newCredential({ until: NOW + HOUR }),
      newCredential({ until: NOW + DAY }),
      newCredential({ until: NOW + 2 * DAY }),
    ];
    const machine = await authorized(store, 'inventory', [], { issue: async () => current });
    for (const credential of [next, old]) await store.credentials.add({ machine, credential, ...admin });
    await store.credentials.revoke({ serial: next.serial, ...admin });
    const now = NOW + 2 * HOUR;
    const list = async (filter: object): Promise<string[]> =>
      serials(await store.credentials.list({ now, machine, ...filter }));

    expect(await list({})).toEqual([old.serial, current.serial, next.serial]);
    expect(await list({ status: 'live' })).toEqual([current.serial]);
    expect(await list({ status: 'expired' })).toEqual([old.serial]);
    expect(await list({ status: 'revoked' })).toEqual([next.serial]);
    expect(await list({ expiresFrom: NOW + HOUR, expiresBefore: NOW + DAY })).toEqual([old.serial]);
    expect(await list({ lastOnly: true })).toEqual([current.serial, next.serial]);
    expect(await list({ machine: undefined, hostname: 'Inventory', status: 'live' })).toEqual([current.serial]);
    const [entry] = (await store.credentials.list({ now, machine, status: 'live' })).items;
    expect(entry).toEqual({
      serial: current.serial,
      machine,
      kind: 'machine',
      subject: null,
      issuer: ISSUER,
      notBefore: current.notBefore,
      notAfter: current.notAfter,
      issuedAt: NOW,
      revokedAt: null,
      status: 'live',
      hostname: 'inventory',
      machineStatus: 'authorized',
    });
  });

  test('a list in pages has each certificate once, also those that expire together', async () => {
    const { store } = opened();
    const machine = await enrolled(store);
    const added = Array.from({ length: 4 }, () => newCredential({ until: NOW + 7 * DAY }));
    for (const credential of added) await store.credentials.add({ machine, credential, ...admin });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.credentials.list({ now: NOW, machine, limit: 2, cursor });
      seen.push(...serials(page));
      cursor = page.next;
    } while (cursor !== undefined);
    expect(seen).toHaveLength(5);
    expect(new Set(seen).size).toBe(5);
  });

  test('machines are listed by every filter, in pages', async () => {
    const { store } = opened();
    const role = `listed-${unique()}`;
    await store.roles.put({ name: role, grants: [], ...admin });
    const machines: string[] = [];
    for (const age of [3, 1, 2]) {
      const fingerprint = await enrolled(store, { now: NOW + age, requestedHostname: `wants-${role}` });
      await store.machines.approve({
        fingerprint,
        hostname: `${role}-${age}`,
        roles: [role],
        labels: { batch: role },
        ...admin,
      });
      machines[age - 1] = fingerprint;
    }
    const first = await store.machines.list({ role, limit: 2 });
    const second = await store.machines.list({ role, limit: 2, cursor: first.next });
    expect([...first.items, ...second.items].map(({ fingerprint }) => fingerprint)).toEqual(machines.toSorted());
    expect(second.next).toBeUndefined();
    const wish = { requestedHostname: `wants-${role}` };
    const oldest = await store.machines.list({ ...wish, limit: 1 });
    const younger = await store.machines.list({ ...wish, cursor: oldest.next });
    expect([...oldest.items, ...younger.items].map(({ fingerprint }) => fingerprint)).toEqual(machines);
    const [shown] = oldest.items;
    const filters = [
      { hostname: `${role}-1` },
      { shortCode: shown!.shortCode },
      { ...wish, status: 'authorized', limit: 1 },
    ] as const;
    for (const filter of filters) expect((await store.machines.list(filter)).items).toEqual([shown]);
    expect((await store.machines.list({ label: { key: 'batch', value: role } })).items).toHaveLength(3);
    expect((await store.machines.list({ role, status: 'pending' })).items).toEqual([]);
    expect((await store.machines.count()).authorized).toBeGreaterThanOrEqual(3);
  });

  test('an expired machine recovers as often as the cap allows, and anew after a renewal in time', async () => {
    const { store } = opened();
    const machine = await authorized(store, 'recovering', [], { issue: async () => newCredential({ until: NOW + 1 }) });
    let now = NOW + 2;
    const recover = async (): Promise<Recovered> =>
      await store.credentials.recover({
        machine,
        graceMs: DAY,
        cap: 2,
        issue: async () => newCredential({ until: now + 1 }),
        actor: 'machine',
        now,
      });
    const recovered = await recover();
    expect(recovered).toMatchObject({
      issued: true,
      lapsed: false,
      machine: { hostname: 'recovering', recoveries: 1 },
    });
    // A retry after a lost answer is given the same certificate, and counts for nothing.
    expect(await recover()).toMatchObject({ issued: false, credential: { serial: recovered.credential.serial } });
    now += 2;
    await recover();
    now += 2;
    await expect(recover()).rejects.toMatchObject({ code: 'renewal_refused', facts: { recoveries: 2 } });
    await store.credentials.add({ machine, credential: newCredential({ until: now - 1 }), actor: 'machine', now });
    expect(await recover()).toMatchObject({ issued: true, machine: { recoveries: 1 } });
    expect((await store.audit.list({ subject: machine, limit: 2 })).items.map(({ act }) => act)).toEqual([
      'credential.recover',
      'credential.renew',
    ]);
    await store.machines.revoke({ fingerprint: machine, ...admin });
    await expect(recover()).rejects.toMatchObject({ code: 'revoked' });
  });

  test('a machine that was away for longer than the grace period recovers as a pending one', async () => {
    const { store } = opened();
    await store.roles.put({ name: 'returning', grants: [], ...admin });
    const issue = async (): Promise<NewCredential> => newCredential({ until: NOW + DAY });
    const machine = await authorized(store, 'returning', ['returning'], { issue });
    const returned = async (now: number): Promise<Recovered> =>
      await store.credentials.recover({
        machine,
        graceMs: DAY,
        cap: 5,
        issue: async () => newCredential({ until: now + 1 }),
        actor: 'machine',
        now,
      });
    const inTime = await returned(NOW + 2 * DAY - 1);
    expect(inTime).toMatchObject({ lapsed: false, machine: { status: 'authorized', roles: ['returning'] } });
    const late = await returned(NOW + 4 * DAY);
    expect(late).toMatchObject({
      lapsed: true,
      machine: { fingerprint: machine, status: 'pending', hostname: null, requestedHostname: 'returning', roles: [] },
    });
    expect((await store.audit.list({ subject: machine, limit: 2 })).items.map(({ act }) => act)).toEqual([
      'credential.recover',
      'machine.lapse',
    ]);
    // Pending already: it stays so, and comes back again.
    expect(await returned(NOW + 9 * DAY)).toMatchObject({ lapsed: false, machine: { status: 'pending' } });
  });

  test('a machine whose every certificate was revoked one by one does not recover', async () => {
    const { store } = opened();
    const machine = await enrolled(store);
    const [only] = (await store.credentials.list({ now: NOW, machine })).items;
    await store.credentials.revoke({ serial: only!.serial, ...admin });
    const issue = async (): Promise<NewCredential> => newCredential();
    await expect(
      store.credentials.recover({ machine, graceMs: DAY, cap: 5, issue, actor: 'machine', now: NOW + 30 * DAY }),
    ).rejects.toMatchObject({ code: 'renewal_refused' });
  });

  test('a machine that lapses is pending again under the same fingerprint, and frees its name', async () => {
    const { store } = opened();
    await store.roles.put({ name: 'lapsing', grants: [], ...admin });
    const fingerprint = await authorized(store, 'lapsed', ['lapsing']);
    const machine = await store.machines.lapse({ fingerprint, reason: 'away for 40 days', ...admin });
    expect(machine).toMatchObject({
      status: 'pending',
      hostname: null,
      requestedHostname: 'lapsed',
      roles: [],
      authorizedAt: null,
    });
    await expect(store.machines.lapse({ fingerprint, ...admin })).rejects.toMatchObject({ code: 'invalid_state' });
    expect(await store.machines.approve({ fingerprint, hostname: 'lapsed', roles: [], ...admin })).toMatchObject({
      status: 'authorized',
    });
  });

  test('a sweep deletes what expired long ago, a bounded number at a time, and nothing else', async () => {
    const { store } = opened();
    const long = NOW - 400 * DAY;
    const machine = await enrolled(store);
    for (let count = 0; count < 3; count++)
      await store.credentials.add({ machine, credential: newCredential({ from: long - DAY, until: long }), ...admin });
    const token = newToken({ expiresAt: long, uses: 2 });
    await store.tokens.create({ ...token, ...admin });
    await store.enrol(newRequest(token, { now: long - 1 }));
    const sweep = { credentialsBefore: long + 1, tokensBefore: long + 1, limit: 2, actor: 'hub', now: NOW };
    expect(await store.sweep(sweep)).toEqual({ credentials: 2, tokens: 1 });
    expect(await store.sweep(sweep)).toEqual({ credentials: 1, tokens: 0 });
    expect(await store.sweep(sweep)).toEqual({ credentials: 0, tokens: 0 });
    expect((await store.credentials.list({ now: NOW, machine })).items).toHaveLength(1);
    expect((await store.audit.list({ act: 'store.sweep' })).items).toHaveLength(2);
  });
}
