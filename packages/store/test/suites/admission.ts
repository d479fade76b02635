import { expect, test } from 'vitest';

import type { Opened } from '../both-databases.ts';
import { admin, authorized, DAY, enrolled, HOUR, newCredential, NOW, race, unique } from '../fixtures.ts';

export function admissionSuite(opened: () => Opened): void {
  const rounds = (onPostgres: number): number => (opened().kind === 'PGlite' ? 2 : onPostgres);

  test('approval takes the hostname, the roles and the labels at once', async () => {
    const { store } = opened();
    await store.roles.put({ name: 'printer', grants: [], ...admin });
    const fingerprint = await enrolled(store);

    const machine = await store.machines.approve({
      fingerprint,
      hostname: 'Printer-1',
      roles: ['printer'],
      labels: { site: 'oslo' },
      ...admin,
    });

    expect(machine).toMatchObject({
      status: 'authorized',
      hostname: 'printer-1',
      roles: ['printer'],
      labels: { site: 'oslo' },
      authorizedAt: NOW,
    });
    expect(await store.machines.findByHostname('PRINTER-1')).toEqual(machine);
    expect(await store.machines.find(fingerprint)).toEqual(machine);
  });

  test('a held hostname is refused by the name of its holder, and the machine stays pending', async () => {
    const { store } = opened();
    const holder = await authorized(store, 'held');
    const fingerprint = await enrolled(store);
    await expect(store.machines.approve({ fingerprint, hostname: 'HELD', roles: [], ...admin })).rejects.toMatchObject({
      code: 'hostname_taken',
      facts: { hostname: 'held', holder },
    });
    expect(await store.machines.find(fingerprint)).toMatchObject({ status: 'pending', hostname: null });
  });

  test('the hostname of a revoked machine is free', async () => {
    const { store } = opened();
    const old = await authorized(store, 'freed-by-revocation');
    await store.machines.revoke({ fingerprint: old, ...admin });
    const fingerprint = await authorized(store, 'freed-by-revocation');
    expect(await store.machines.findByHostname('freed-by-revocation')).toMatchObject({ fingerprint });
    expect(await store.machines.find(old)).toMatchObject({
      status: 'revoked',
      hostname: 'freed-by-revocation',
      revokedAt: NOW,
    });
  });

  test('the hostname of a machine whose last credential has expired is free, and it loses it', async () => {
    const { store } = opened();
    const old = await authorized(store, 'freed-by-expiry', [], {
      issue: async () => newCredential({ until: NOW + HOUR }),
    });
    const fingerprint = await enrolled(store);
    const early = store.machines.approve({
      fingerprint,
      hostname: 'freed-by-expiry',
      roles: [],
      ...admin,
      now: NOW + HOUR - 1,
    });
    await expect(early).rejects.toMatchObject({ code: 'hostname_taken' });

    await store.machines.approve({ fingerprint, hostname: 'freed-by-expiry', roles: [], ...admin, now: NOW + HOUR });

    expect(await store.machines.find(old)).toMatchObject({ status: 'authorized', hostname: null });
    const { items } = await store.audit.list({ subject: old });
    expect(items[0]).toMatchObject({ act: 'machine.release_hostname', before: { hostname: 'freed-by-expiry' } });
    await expect(
      store.machines.rename({ fingerprint: old, hostname: 'freed-by-expiry', ...admin }),
    ).rejects.toMatchObject({ code: 'hostname_taken' });
    expect(await store.machines.rename({ fingerprint: old, hostname: 'renamed', ...admin })).toMatchObject({
      hostname: 'renamed',
    });
  });

  test('a renewed machine keeps its hostname past the end of its first certificate', async () => {
    const { store } = opened();
    const holder = await authorized(store, 'renewed', [], { issue: async () => newCredential({ until: NOW + HOUR }) });
    await store.credentials.add({ machine: holder, credential: newCredential({ until: NOW + DAY }), ...admin });
    const fingerprint = await enrolled(store);
    await expect(
      store.machines.approve({ fingerprint, hostname: 'renewed', roles: [], ...admin, now: NOW + 2 * HOUR }),
    ).rejects.toMatchObject({ code: 'hostname_taken' });
  });

  test('replacing revokes the holder and gives the name to the new key in one step', async () => {
    const { store } = opened();
    const old = await authorized(store, 'reimaged');
    const fingerprint = await enrolled(store, { requestedHostname: 'reimaged' });
    expect(await store.machines.find(fingerprint)).toMatchObject({ requestedHolder: old });
    await expect(
      store.machines.approve({ fingerprint, hostname: 'reimaged', roles: [], replace: fingerprint, ...admin }),
    ).rejects.toMatchObject({ code: 'hostname_taken', facts: { holder: old } });

    const machine = await store.machines.approve({
      fingerprint,
      hostname: 'reimaged',
      roles: [],
      replace: old,
      ...admin,
    });

    expect(machine).toMatchObject({ status: 'authorized', hostname: 'reimaged' });
    expect(await store.machines.find(old)).toMatchObject({ status: 'revoked', expiresAt: null });
  });

  test('only a pending machine can be approved, and only a known one', async () => {
    const { store } = opened();
    const fingerprint = await authorized(store, 'once');
    const again = { fingerprint, hostname: 'twice', roles: [], ...admin };
    await expect(store.machines.approve(again)).rejects.toMatchObject({
      code: 'invalid_state',
      facts: { status: 'authorized' },
    });
    await store.machines.revoke({ fingerprint, ...admin });
    await expect(store.machines.approve(again)).rejects.toMatchObject({
      code: 'invalid_state',
      facts: { status: 'revoked' },
    });
    await expect(store.machines.revoke({ fingerprint, ...admin })).rejects.toMatchObject({ code: 'invalid_state' });
    await expect(store.machines.approve({ ...again, fingerprint: 'qc1nobody' })).rejects.toMatchObject({
      code: 'unknown_object',
    });
  });

  test.each(['', '-a', 'a b', 'a_b', 'a..b', 'раураl', 'a\u0000', `${'a'.repeat(64)}.b`, 'a.'.repeat(70)])(
    'the database refuses the hostname %j',
    async (hostname) => {
      const { store } = opened();
      const fingerprint = await enrolled(store);
      await expect(store.machines.approve({ fingerprint, hostname, roles: [], ...admin })).rejects.toMatchObject({
        code: hostname.includes('\u0000') ? 'invalid_request' : 'hostname_invalid',
      });
      expect(await store.machines.find(fingerprint)).toMatchObject({ status: 'pending' });
    },
  );

  test('an unknown role is named, and nothing has happened', async () => {
    const { store } = opened();
    const fingerprint = await enrolled(store);
    await expect(
      store.machines.approve({ fingerprint, hostname: 'roleless', roles: ['ghost'], ...admin }),
    ).rejects.toMatchObject({ code: 'unknown_role', facts: { role: 'ghost' } });
    expect(await store.machines.find(fingerprint)).toMatchObject({ status: 'pending' });
  });

  test('of eight approvals of one hostname at once exactly one wins, and the others learn who', async () => {
    const { store } = opened();
    let machines: string[] = [];
    for (let round = 0; round < rounds(200); round++) {
      const hostname = `contested-${unique()}`;
      while (machines.length < 8) machines.push(await enrolled(store));
      const results = await Promise.allSettled(
        machines.map((fingerprint) => store.machines.approve({ fingerprint, hostname, roles: [], ...admin })),
      );
      const holder = (await store.machines.findByHostname(hostname))?.fingerprint;
      const lost = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
      expect(lost).toHaveLength(7);
      for (const reason of lost) expect(reason).toMatchObject({ code: 'hostname_taken', facts: { holder } });
      machines = machines.filter((fingerprint) => fingerprint !== holder);
    }
  });

  test.each(['revoke first', 'approve first'])(
    'revoking a holder while others want its name, %s, leaves one holder',
    async (order) => {
      const { store } = opened();
      let machines: string[] = [];
      for (let round = 0; round < rounds(100); round++) {
        const hostname = `handed-over-${unique()}`;
        const old = await authorized(store, hostname);
        while (machines.length < 8) machines.push(await enrolled(store));
        const revocation = (): Promise<unknown> => store.machines.revoke({ fingerprint: old, ...admin });
        const approvals = (): Array<Promise<unknown>> =>
          machines.map(
            async (fingerprint) => await store.machines.approve({ fingerprint, hostname, roles: [], ...admin }),
          );
        const racing = order === 'revoke first' ? [revocation(), ...approvals()] : [...approvals(), revocation()];
        const { won, lost } = await race(racing);
        expect(won.length).toBeLessThanOrEqual(2);
        expect(new Set(lost)).toEqual(new Set(['hostname_taken']));
        const { items } = await store.machines.list({ hostname, status: 'authorized' });
        expect(items).toHaveLength(won.length - 1);
        expect(await store.machines.find(old)).toMatchObject({ status: 'revoked' });
        machines = machines.filter((fingerprint) => fingerprint !== items[0]?.fingerprint);
      }
    },
  );

  test('an expired machine that renews while its name is taken ends with one holder', async () => {
    const { store } = opened();
    for (let round = 0; round < rounds(12); round++) {
      const hostname = `expired-${unique()}`;
      const old = await authorized(store, hostname, [], { issue: async () => newCredential({ until: NOW + HOUR }) });
      const fingerprint = await enrolled(store);
      const late = { actor: 'key:admin', now: NOW + 2 * HOUR };
      const { lost } = await race<unknown>([
        store.credentials.add({ machine: old, credential: newCredential({ until: NOW + DAY }), ...late }),
        store.machines.approve({ fingerprint, hostname, roles: [], ...late }),
      ]);
      const holder = lost.length === 0 ? fingerprint : old;
      expect(await store.machines.findByHostname(hostname)).toMatchObject({ fingerprint: holder });
    }
  });

  test('two machines that trade names at once do not wait for each other for ever', async () => {
    const { store } = opened();
    for (let round = 0; round < rounds(12); round++) {
      const [a, b] = [`trade-a-${unique()}`, `trade-b-${unique()}`];
      const issue = async () => newCredential({ until: NOW + HOUR });
      const [first, second] = [await authorized(store, a, [], { issue }), await authorized(store, b, [], { issue })];
      const late = { actor: 'key:admin', now: NOW + 2 * HOUR };
      const { lost } = await race([
        store.machines.rename({ fingerprint: first, hostname: b, ...late }),
        store.machines.rename({ fingerprint: second, hostname: a, ...late }),
      ]);
      expect(lost).toEqual([]);
    }
  });
}
