import { randomUUID } from 'node:crypto';
import { Agent } from 'node:https';
import type { RoleGrant } from '@qconn/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RunningHub } from '../hub/running-hub.ts';
import { ask, type Answer, type AskOptions } from '../metrics/hub-request.ts';

let hub: RunningHub;
let admin: string;
/** Keeps connections open: a handshake for each request would take most of the time. */
let agent: Agent;

beforeAll(async () => {
  hub = await RunningHub.start();
  admin = await hub.key(['admin']);
  agent = new Agent({ keepAlive: true, maxSockets: 10 });
});
afterAll(async () => {
  agent?.destroy();
  await hub?.close();
});

const IS_NEW = { 'if-none-match': '*' };

function administers(...actions: string[]): RoleGrant {
  return { effect: 'allow', verb: 'admin', serviceTypes: actions };
}

const PRINTS: RoleGrant = { effect: 'allow', verb: 'provide', serviceTypes: ['print'] };

function put(path: string, body: object, headers: Record<string, string>, key = admin): Promise<Answer> {
  return ask(hub, path, { method: 'PUT', body, headers, key, agent });
}

function post(path: string, body: object, options: AskOptions = {}): Promise<Answer> {
  return ask(hub, path, { method: 'POST', body, key: admin, agent, ...options });
}

/** A key whose one role has these grants. */
async function keyOf(...grants: readonly RoleGrant[]): Promise<string> {
  const name = `role-${randomUUID()}`;
  await put(`/v1/roles/${name}`, { grants }, IS_NEW);
  return hub.key([name]);
}

async function role(...grants: readonly RoleGrant[]): Promise<string> {
  const name = `role-${randomUUID()}`;
  expect((await put(`/v1/roles/${name}`, { grants }, IS_NEW)).status).toBe(200);
  return name;
}

describe('nobody hands out administration that they lack', () => {
  test('by editing roles', async () => {
    const editor = await keyOf(administers('roles.write', 'machines.read'));
    const edit = (grants: RoleGrant[]): Promise<Answer> =>
      put(`/v1/roles/r-${randomUUID()}`, { grants }, IS_NEW, editor);
    expect((await edit([PRINTS, administers('machines.read')])).status).toBe(200);
    for (const action of ['keys.write', 'machines.*', '*', 'machines.revoke', 'machines.later']) {
      const { json } = await edit([administers(action)]);
      expect(json, action).toMatchObject({ code: 'forbidden', detail: expect.stringContaining('nobody hands out') });
    }
    const denying = await role({ effect: 'deny', verb: 'admin', serviceTypes: ['keys.write'] });
    const lifted = await put(`/v1/roles/${denying}`, { grants: [] }, { 'if-match': '*' }, editor);
    expect(lifted.json['code']).toBe('forbidden');
    const gone = await ask(hub, `/v1/roles/${denying}`, { method: 'DELETE', key: editor });
    expect(gone.json['code']).toBe('forbidden');
  });

  test('by a set of roles', async () => {
    const editor = await keyOf(administers('roles.*'));
    const machine = await hub.machine();
    await hub.authorize(machine, `m-${randomUUID()}`, []);
    const apply = (body: object): Promise<Answer> => put('/v1/roles', body, { 'if-match': '*' }, editor);
    const escalating = await apply({ roles: [{ name: 'mine', grants: [administers('*')] }] });
    expect(escalating.json['code']).toBe('forbidden');
    const assigning = await apply({ roles: [], assignments: { [machine.fingerprint]: ['admin'] } });
    expect(assigning.json).toMatchObject({ code: 'forbidden', detail: expect.stringContaining('machines.approve') });
  });

  test('by approving, assigning, enrolling and making keys', async () => {
    const operator = await keyOf(administers('machines.approve', 'tokens.write', 'keys.write'));
    const powerful = await role(administers('audit.read'));
    const machine = await hub.machine();
    const path = `/v1/machines/${machine.fingerprint}`;
    const hostname = `m-${randomUUID()}`;
    const tries = [
      post(`${path}/approve`, { hostname, roles: [powerful] }, { key: operator }),
      put(`${path}/rights`, { roles: [powerful] }, { 'if-match': '*' }, operator),
      post('/v1/tokens', { roles: [powerful] }, { key: operator }),
      post('/v1/keys', { name: 'k', roles: [powerful] }, { key: operator }),
    ];
    for (const { json } of await Promise.all(tries)) expect(json['code']).toBe('forbidden');
    const printing = await role(PRINTS);
    const approved = await post(`${path}/approve`, { hostname, roles: [printing] }, { key: operator });
    expect(approved.json).toMatchObject({ status: 'authorized', roles: [printing] });
  });

  test('what a token or an approval does besides wants its own right', async () => {
    const enroller = await keyOf(administers('tokens.write'));
    expect((await post('/v1/tokens', { autoApprove: true }, { key: enroller })).json).toMatchObject({
      code: 'forbidden',
      detail: expect.stringContaining('machines.approve'),
    });
    const approver = await keyOf(administers('machines.approve'));
    const [holder, successor] = [await hub.machine(), await hub.machine()];
    await hub.authorize(holder, 'taken-over', []);
    const replacing = { hostname: 'taken-over', roles: [], replace: holder.fingerprint };
    expect(
      (await post(`/v1/machines/${successor.fingerprint}/approve`, replacing, { key: approver })).json,
    ).toMatchObject({
      code: 'forbidden',
      detail: expect.stringContaining('machines.revoke'),
    });
  });

  test('no key makes one that outlives it', async () => {
    const name = await role(administers('keys.write'));
    const maker = await hub.key([name], Date.now() + 3_600_000);
    const long = await post('/v1/keys', { name: 'k', roles: [name], ttlSeconds: 7_200 }, { key: maker });
    expect(long.json).toMatchObject({ code: 'forbidden', detail: expect.stringContaining('outlive') });
    const fitting = await post('/v1/keys', { name: 'k', roles: [name] }, { key: maker });
    const { expiresAt } = fitting.json['record'] as { expiresAt: string };
    expect(Date.parse(expiresAt)).toBeLessThanOrEqual(Date.now() + 3_600_000);
  });

  test('an editor keeps the right to edit', async () => {
    const name = await role(administers('*'));
    const editor = await hub.key([name]);
    expect((await put(`/v1/roles/${name}`, { grants: [] }, { 'if-match': '*' }, editor)).json['code']).toBe(
      'self_lockout',
    );
    const gone = await ask(hub, `/v1/roles/${name}?force=true`, { method: 'DELETE', key: editor });
    expect(gone.json['code']).toBe('self_lockout');
  });

  test('an administrative grant is not limited to machines', async () => {
    const grant = { ...administers('machines.read'), selector: { labels: { site: 'oslo' } } };
    expect((await put('/v1/roles/limited', { grants: [grant] }, IS_NEW)).json).toMatchObject({
      code: 'invalid_request',
      detail: expect.stringContaining('leave the selector out'),
    });
  });
});

describe('no edit is lost', () => {
  test('an edit says what it builds on', async () => {
    const name = await role(PRINTS);
    const path = `/v1/roles/${name}`;
    expect((await put(path, { grants: [] }, {})).json).toMatchObject({ code: 'precondition_required', status: 428 });
    expect((await put(path, { grants: [] }, IS_NEW)).json['code']).toBe('edit_conflict');
    expect((await put(path, { grants: [] }, { 'if-match': 'no-quotes' })).json['code']).toBe('invalid_request');
    expect((await put(`${path}-none`, { grants: [] }, { 'if-match': '*' })).json['code']).toBe('edit_conflict');
    const { etag } = (await ask(hub, path, { key: admin })).headers;
    expect(etag).toBe('"1"');
    const edited = await put(path, { grants: [] }, { 'if-match': `"other", ${etag}` });
    expect(edited.headers.etag).toBe('"2"');
    expect((await put(path, { grants: [PRINTS] }, { 'if-match': etag ?? '' })).json).toMatchObject({
      code: 'edit_conflict',
      status: 412,
      facts: { version: 2 },
    });
  });

  test('of ten edits of one version at once one is done, of a role, of a machine and of all roles', async () => {
    const name = await role(PRINTS);
    const machine = await hub.machine();
    await hub.authorize(machine, `m-${randomUUID()}`, []);
    const rights = `/v1/machines/${machine.fingerprint}`;
    const { etag: machineTag = '' } = (await ask(hub, rights, { key: admin })).headers;
    const { etag: setTag = '' } = (await post('/v1/roles/plan', { roles: [] })).headers;
    const edits: readonly ((turn: number) => Promise<Answer>)[] = [
      (turn) => put(`${rights}/rights`, { labels: { turn: String(turn) } }, { 'if-match': machineTag }),
      (turn) =>
        put(
          '/v1/roles',
          { roles: [{ name: `${name}-set`, grants: [{ ...PRINTS, serviceTypes: [`t${turn}`] }] }] },
          { 'if-match': setTag },
        ),
      (turn) =>
        put(`/v1/roles/${name}`, { grants: [{ ...PRINTS, serviceTypes: [`t${turn}`] }] }, { 'if-match': '"1"' }),
    ];
    for (const edit of edits) {
      const answers = await Promise.all(Array.from({ length: 10 }, (_, turn) => edit(turn)));
      const codes = answers.map(({ status }) => status).toSorted((a, b) => a - b);
      expect(codes).toEqual([200, ...Array.from({ length: 9 }, () => 412)]);
    }
  });
});

describe('a request that names itself is done once', () => {
  const named = (name: string): AskOptions => ({ headers: { 'idempotency-key': name } });

  test('repeated, it is answered as before', async () => {
    const { fingerprint } = await hub.machine();
    const path = `/v1/machines/${fingerprint}/approve`;
    const hostname = `m-${randomUUID()}`;
    const first = await post(path, { hostname, roles: [] }, named('approve-1'));
    const second = await post(path, { hostname, roles: [] }, named('approve-1'));
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.text).toBe(first.text);
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect((await post(path, { hostname: 'other', roles: [] }, named('approve-1'))).json).toMatchObject({
      code: 'idempotency_mismatch',
      status: 422,
    });
    const other = await hub.key(['admin']);
    expect((await post(path, { hostname, roles: [] }, { ...named('approve-1'), key: other })).json['code']).toBe(
      'invalid_state',
    );
  });

  test('ten at once: one is done, nobody is told of another', async () => {
    const { fingerprint } = await hub.machine();
    const revoke = (): Promise<Answer> =>
      post(`/v1/machines/${fingerprint}/revoke`, {}, named(`revoke-${fingerprint}`));
    const answers = await Promise.all(Array.from({ length: 10 }, revoke));
    const done = answers.filter(({ status }) => status === 200);
    expect(new Set(done.map(({ text }) => text)).size).toBe(1);
    const codes = answers.filter(({ status }) => status !== 200).map(({ json }) => json['code']);
    expect(codes.every((code) => code === 'already_done' || code === 'invalid_state')).toBe(true);
    const { items } = await hub.store.audit.list({ act: 'machine.revoke', subject: fingerprint });
    expect(items).toHaveLength(1);
    expect((await revoke()).text).toBe(done[0]?.text);
  });

  test('a secret is shown once: repeated, the request says that it was done', async () => {
    const first = await post('/v1/tokens', {}, named('token-1'));
    expect(first.status).toBe(201);
    const again = await post('/v1/tokens', {}, named('token-1'));
    expect(again.json).toMatchObject({ code: 'already_done', status: 409 });
    const { items } = await hub.store.tokens.list({ limit: 1_000 });
    expect(items.filter(({ id }) => id === (first.json['record'] as { id: string }).id)).toHaveLength(1);
  });

  test('what was refused was not done, and may be tried again', async () => {
    const { fingerprint } = await hub.machine();
    const path = `/v1/machines/${fingerprint}/approve`;
    const body = { hostname: `m-${randomUUID()}`, roles: ['made-later'] };
    expect((await post(path, body, named('later'))).json['code']).toBe('unknown_role');
    await put('/v1/roles/made-later', { grants: [] }, IS_NEW);
    expect((await post(path, body, named('later'))).status).toBe(200);
  });

  test('a name that is none', async () => {
    expect((await post('/v1/tokens', {}, named('with space'))).json['code']).toBe('invalid_request');
  });
});

describe('a certificate', () => {
  test('is refused once it is revoked, on a connection that is open, and never speaks for another site', async () => {
    const machine = await hub.machine();
    await hub.authorize(machine, `m-${randomUUID()}`, [administers('machines.read')]);
    await hub.policyInForce();
    const open = new Agent({ keepAlive: true, maxSockets: 1 });
    const whoami = (headers: Record<string, string> = {}): Promise<Answer> =>
      ask(hub, '/v1/whoami', { machine: machine.tls, headers, agent: open });
    expect((await whoami()).json).toMatchObject({ kind: 'machine', actions: ['machines.read'] });
    expect((await whoami({ 'sec-fetch-site': 'cross-site' })).json['code']).toBe('forbidden');
    expect((await whoami({ origin: 'https://evil.example' })).json['code']).toBe('forbidden');
    expect((await whoami({ origin: hub.httpsUrl, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    await post(`/v1/machines/${machine.fingerprint}/revoke`, {});
    expect((await whoami()).json).toMatchObject({ code: 'revoked', status: 403 });
    open.destroy();
  });

  test('that has expired, or is of a key that never enrolled, is told so', async () => {
    const expired = await hub.strayCertificate(Date.now() - 20 * 86_400_000);
    expect((await ask(hub, '/v1/whoami', { machine: expired })).json['code']).toBe('certificate_expired');
    const stray = await hub.strayCertificate(Date.now());
    expect((await ask(hub, '/v1/whoami', { machine: stray })).json['code']).toBe('unknown_machine');
  });
});

test('machines are found by label', async () => {
  const machine = await hub.machine();
  await hub.authorize(machine, `m-${randomUUID()}`, []);
  const wrong = await put(
    `/v1/machines/${machine.fingerprint}/rights`,
    { labels: { site: 'a b' } },
    { 'if-match': '*' },
  );
  expect(wrong.json['code']).toBe('invalid_request');
  await put(`/v1/machines/${machine.fingerprint}/rights`, { labels: { site: 'bergen' } }, { 'if-match': '*' });
  const found = async (label: string): Promise<unknown[]> =>
    (await ask(hub, `/v1/machines?label=${encodeURIComponent(label)}`, { key: admin })).json['items'] as unknown[];
  expect(await found('site=bergen')).toMatchObject([{ fingerprint: machine.fingerprint }]);
  expect(await found('site=oslo')).toEqual([]);
});
