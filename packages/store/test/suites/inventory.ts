import { expect, test } from 'vitest';

import type { CredentialEntry, Page } from '../../src/index.ts';
import type { Opened } from '../both-databases.ts';
import {
  admin,
  authorized,
  DAY,
  enrolled,
  HOUR,
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
    const machine = await authorized(store, 'recovering');
    const renew = async (recovery?: { cap: number }): Promise<unknown> =>
      await store.credentials.add({ machine, credential: newCredential(), recovery, ...admin });
    await renew({ cap: 2 });
    await renew({ cap: 2 });
    await expect(renew({ cap: 2 })).rejects.toMatchObject({ code: 'renewal_refused', facts: { recoveries: 2 } });
    expect(await store.machines.find(machine)).toMatchObject({ recoveries: 2 });
    await renew();
    await renew({ cap: 2 });
    expect((await store.audit.list({ subject: machine, limit: 2 })).items.map(({ act }) => act)).toEqual([
      'credential.recover',
      'credential.renew',
    ]);
    await store.machines.revoke({ fingerprint: machine, ...admin });
    await expect(renew()).rejects.toMatchObject({ code: 'revoked' });
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
