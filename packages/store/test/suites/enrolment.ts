import { expect, test } from 'vitest';

import type { Opened } from '../both-databases.ts';
import { admin, DAY, enrolled, HOUR, newCredential, newRequest, newToken, NOW, race } from '../fixtures.ts';

export function enrolmentSuite(opened: () => Opened): void {
  test('records a pending machine, its certificate and the use of the token', async () => {
    const { store } = opened();
    const token = newToken({ uses: 2 });
    await store.tokens.create({ ...token, ...admin });
    const credential = newCredential();
    const request = newRequest(token, { requestedHostname: 'Printer-PC', issue: async () => credential });

    const { machine, created, tokenUsed } = await store.enrol(request);

    expect({ created, tokenUsed }).toEqual({ created: true, tokenUsed: true });
    expect(machine).toEqual({
      fingerprint: request.fingerprint,
      spki: new Uint8Array(request.spki),
      status: 'pending',
      hostname: null,
      requestedHostname: 'printer-pc',
      requestedHolder: null,
      shortCode: request.shortCode,
      facts: { os: 'linux' },
      roles: [],
      labels: {},
      createdAt: NOW,
      authorizedAt: null,
      revokedAt: null,
      recoveries: 0,
      expiresAt: credential.notAfter,
      version: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
    });
    expect(await store.machines.find(request.fingerprint)).toEqual(machine);
    expect(await store.credentials.find(credential.serial)).toEqual({
      ...credential,
      der: new Uint8Array(credential.der),
      machine: machine.fingerprint,
      kind: 'machine',
      subject: null,
      issuedAt: NOW,
      revokedAt: null,
    });
    expect(await store.tokens.find(token.id)).toMatchObject({ uses: 2, usesLeft: 1 });
  });

  test('a retry after a lost answer gives the same machine and takes no further use', async () => {
    const { store } = opened();
    const token = newToken();
    await store.tokens.create({ ...token, ...admin });
    const request = newRequest(token);
    const first = await store.enrol(request);

    const second = await store.enrol({ ...request, now: NOW + HOUR });

    expect(second).toMatchObject({
      created: false,
      tokenUsed: false,
      machine: { fingerprint: first.machine.fingerprint },
    });
    expect(second.credential.serial).not.toBe(first.credential.serial);
  });

  test('a known key keeps its status, hostname and roles', async () => {
    const { store } = opened();
    await store.roles.put({ name: 'keeper', grants: [], ...admin });
    const token = newToken({ uses: 2 });
    const again = newToken();
    await store.tokens.create({ ...token, ...admin });
    await store.tokens.create({ ...again, ...admin });
    const request = newRequest(token);
    await store.enrol(request);
    await store.machines.approve({ fingerprint: request.fingerprint, hostname: 'kept', roles: ['keeper'], ...admin });

    const { machine, created, tokenUsed } = await store.enrol({ ...request, token: again });

    expect({ created, tokenUsed }).toEqual({ created: false, tokenUsed: true });
    expect(machine).toMatchObject({ status: 'authorized', hostname: 'kept', roles: ['keeper'] });
  });

  test.each([
    ['unknown', 'token_unknown', {}],
    ['expired', 'token_expired', { expiresAt: NOW }],
  ] as const)('a token that is %s is refused with %s', async (kind, code, changes) => {
    const { store } = opened();
    const token = newToken(changes);
    if (kind !== 'unknown') await store.tokens.create({ ...token, ...admin });
    const request = newRequest(token);
    await expect(store.enrol(request)).rejects.toMatchObject({ code });
    expect(await store.machines.find(request.fingerprint)).toBeUndefined();
  });

  test('a wrong secret looks like an unknown token', async () => {
    const { store } = opened();
    const token = newToken();
    await store.tokens.create({ ...token, ...admin });
    await expect(store.enrol(newRequest({ ...token, secretHash: new Uint8Array(32) }))).rejects.toMatchObject({
      code: 'token_unknown',
    });
  });

  test('a spent token is refused, and a revoked one', async () => {
    const { store } = opened();
    const [spent, revoked] = [newToken(), newToken()];
    for (const token of [spent, revoked]) await store.tokens.create({ ...token, ...admin });
    await store.enrol(newRequest(spent));
    await expect(store.enrol(newRequest(spent))).rejects.toMatchObject({ code: 'token_spent' });
    await store.tokens.revoke({ id: revoked.id, ...admin });
    await expect(store.enrol(newRequest(revoked))).rejects.toMatchObject({ code: 'token_revoked' });
    await expect(store.tokens.revoke({ id: revoked.id, ...admin })).rejects.toMatchObject({ code: 'invalid_state' });
  });

  test('when no certificate can be issued, nothing has happened', async () => {
    const { store } = opened();
    const token = newToken();
    await store.tokens.create({ ...token, ...admin });
    const request = newRequest(token, { issue: () => Promise.reject(new Error('no signer')) });
    await expect(store.enrol(request)).rejects.toThrow('no signer');
    expect(await store.machines.find(request.fingerprint)).toBeUndefined();
    expect(await store.tokens.find(token.id)).toMatchObject({ usesLeft: 1 });
  });

  test('issuing that uses the store fails instead of waiting for itself', async () => {
    const { store } = opened();
    const issue = async () => (await store.roles.list(), newCredential());
    await expect(enrolled(store, { issue })).rejects.toThrow('inside one of its own transactions');
  });

  test('a machine that enrols again within its grace period is what it was; past it, it is pending and its name is free', async () => {
    const { store } = opened();
    const token = newToken({ uses: 3, expiresAt: NOW + 100 * DAY });
    await store.tokens.create({ ...token, ...admin });
    const first = newCredential();
    const request = newRequest(token, { requestedHostname: 'back-again', issue: async () => first });
    await store.enrol(request);
    await store.machines.approve({ fingerprint: request.fingerprint, hostname: 'back-again', roles: [], ...admin });
    const graceMs = 30 * DAY;
    const again = (now: number) => store.enrol({ ...request, graceMs, now, issue: async () => newCredential() });

    expect((await again(first.notAfter + graceMs)).machine).toMatchObject({
      status: 'authorized',
      hostname: 'back-again',
    });
    expect((await again(first.notAfter + graceMs + 1)).machine).toMatchObject({
      status: 'pending',
      hostname: null,
      requestedHostname: 'back-again',
      roles: [],
    });
  });

  test('a revoked key cannot enrol again', async () => {
    const { store } = opened();
    const token = newToken({ uses: 5 });
    await store.tokens.create({ ...token, ...admin });
    const request = newRequest(token);
    await store.enrol(request);
    await store.machines.revoke({ fingerprint: request.fingerprint, ...admin });
    await expect(store.enrol(request)).rejects.toMatchObject({ code: 'revoked' });
  });

  test('a token that approves by itself authorizes its machine with its roles', async () => {
    const { store } = opened();
    await store.roles.put({ name: 'kiosk', grants: [], ...admin });
    const token = newToken({ autoApprove: true, hostname: 'kiosk-1', roles: ['kiosk'], uses: 2 });
    await store.tokens.create({ ...token, ...admin });

    const first = await store.enrol(newRequest(token));
    const second = await store.enrol(newRequest(token));

    expect(first.machine).toMatchObject({
      status: 'authorized',
      hostname: 'kiosk-1',
      roles: ['kiosk'],
      authorizedAt: NOW,
    });
    expect(second.machine).toMatchObject({ status: 'pending', hostname: null, requestedHostname: 'kiosk-1' });
    expect([first, second].map(({ notApproved }) => notApproved)).toEqual([
      undefined,
      'The hostname kiosk-1 is held by another machine.',
    ]);
  });

  test('a name that cannot be a hostname leaves an automatic approval to a person', async () => {
    const { store } = opened();
    const token = newToken({ autoApprove: true });
    await store.tokens.create({ ...token, ...admin });
    const { machine, notApproved } = await store.enrol(newRequest(token, { requestedHostname: 'my_pc' }));
    expect(machine).toMatchObject({ status: 'pending', requestedHostname: 'my_pc' });
    expect(notApproved).toBe('my_pc is no usable hostname.');
  });

  test.each([
    ['NUL', 'a\u0000b'],
    ['half a surrogate pair', '\ud800'],
  ])('facts with %s are refused as a bad request', async (_, text) => {
    const { store } = opened();
    await expect(enrolled(store, { facts: { os: text } })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('a token that names an unknown role is not made', async () => {
    const { store } = opened();
    await expect(store.tokens.create({ ...newToken({ roles: ['nobody'] }), ...admin })).rejects.toMatchObject({
      code: 'unknown_role',
      facts: { role: 'nobody' },
    });
  });

  test('of many that redeem a token at once, as many win as it has uses', async () => {
    const { store, kind } = opened();
    for (let round = 0; round < (kind === 'PGlite' ? 2 : 30); round++) {
      const uses = 1 + (round % 3);
      const token = newToken({
        uses,
        autoApprove: round % 2 === 0,
        hostname: `redeemed-${round}`,
        expiresAt: NOW + DAY,
      });
      await store.tokens.create({ ...token, ...admin });
      const { won, lost } = await race(Array.from({ length: 8 }, () => store.enrol(newRequest(token))));
      expect(won).toHaveLength(uses);
      expect(lost).toEqual(Array.from({ length: 8 - uses }, () => 'token_spent'));
      expect(won.filter(({ machine }) => machine.status === 'authorized')).toHaveLength(round % 2 === 0 ? 1 : 0);
    }
  });

  test('one key that enrols many times at once is one machine and one use', async () => {
    const { store, kind } = opened();
    for (let round = 0; round < (kind === 'PGlite' ? 2 : 15); round++) {
      const token = newToken();
      await store.tokens.create({ ...token, ...admin });
      const request = newRequest(token);
      const { won, lost } = await race(Array.from({ length: 8 }, () => store.enrol(request)));
      expect(lost).toEqual([]);
      expect(won.filter(({ created }) => created)).toHaveLength(1);
      expect(won.filter(({ tokenUsed }) => tokenUsed)).toHaveLength(1);
    }
  });
}
