import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

import { createDatabase, type TestDatabase } from '@qconn/testkit';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';

import { openStore, type PolicyChange, type Store } from '../src/index.ts';
import { admin, ISSUER } from './fixtures.ts';

/** How long the server is waited for to end a connection: for ever, as far as a test is concerned. */
const DEATH_MS = 240_000;

let database: TestDatabase;
let store: Store;
let operator: pg.Client;

beforeAll(async () => {
  database = await createDatabase();
  store = await openStore({ url: database.url });
  operator = new pg.Client({ connectionString: database.url });
  await operator.connect();
});

afterAll(async () => {
  await operator.end();
  await store.close();
  await database.drop();
});

function elsewhere(change: (url: URL) => void): string {
  const url = new URL(database.url);
  change(url);
  return url.href;
}

test.each([
  ['the port is closed', (url: URL) => void (url.port = '1')],
  ['the database does not exist', (url: URL) => void (url.pathname = '/nowhere')],
  ['the password is wrong', (url: URL) => void (url.password = 'guess')],
  ['the host does not exist', (url: URL) => void (url.hostname = 'nowhere.invalid')],
])('opening fails with database_unavailable when %s', async (_, change) => {
  await expect(openStore({ url: elsewhere(change) })).rejects.toMatchObject({ code: 'database_unavailable' });
});

test('several hubs that start at once on an empty database all succeed', async () => {
  const empty = await createDatabase();
  const stores = await Promise.all(Array.from({ length: 4 }, () => openStore({ url: empty.url })));
  for (const each of stores) await each.close();
  await empty.drop();
});

test('a database of a newer version is left alone', async () => {
  const newer = await createDatabase();
  await (await openStore({ url: newer.url })).close();
  const client = new pg.Client({ connectionString: newer.url });
  await client.connect();
  await client.query(`INSERT INTO kysely_migration VALUES ('9999-later', '2030-01-01T00:00:00.000Z')`);
  await client.end();
  await expect(openStore({ url: newer.url })).rejects.toMatchObject({
    code: 'schema_newer',
    facts: { migration: '9999-later' },
  });
  await newer.drop();
});

test('the store outlives the loss of all its connections, and asks for a resync', async () => {
  const heard: PolicyChange[] = [];
  let wake = (): void => {};
  await store.policy.onChange((change) => {
    heard.push(change);
    wake();
  });
  const next = async (): Promise<void> => await new Promise((resolve) => (wake = resolve));
  const announced = next();
  await store.roles.put({ name: 'before', grants: [], ...admin });
  await announced;

  const resynced = next();
  // Until all have ended: a connection of the pool that is still ending would take the query that comes next.
  await operator.query(
    `SELECT pg_terminate_backend(pid, ${DEATH_MS}) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  await resynced;
  expect(heard.at(-1)).toEqual({ kind: 'resync' });

  const afterwards = next();
  await store.roles.put({ name: 'after', grants: [], ...admin });
  await afterwards;
  expect(heard.at(-1)).toMatchObject({ kind: 'changed', roles: ['after'] });
});

test('a connection that breaks in a transaction is reported, and nothing has happened', async () => {
  const act = store.enrol.bind(store);
  const token = { id: 'f00d', secretHash: new Uint8Array(32) };
  await store.tokens.create({ ...token, expiresAt: admin.now + 1, uses: 1, ...admin });
  const enrolment = act({
    token,
    fingerprint: 'qc1broken',
    spki: new Uint8Array([1]),
    shortCode: 'x',
    facts: {},
    now: admin.now,
    async issue() {
      await operator.query(
        `SELECT pg_terminate_backend(pid, ${DEATH_MS}) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'`,
      );
      return { serial: '01', notBefore: 0, notAfter: 1, der: new Uint8Array([1]), issuer: ISSUER };
    },
  });
  await expect(enrolment).rejects.toMatchObject({ code: 'database_unavailable' });
  expect(await store.machines.find('qc1broken')).toBeUndefined();
  expect(await store.tokens.find('f00d')).toMatchObject({ usesLeft: 1 });
});

test('a server that falls silent is reported in time, and used again when it answers', async () => {
  const sockets = new Set<Socket>();
  let silent = false;
  const relay = createServer((near) => {
    const far = connect(Number(new URL(database.url).port), '127.0.0.1');
    for (const socket of [near, far]) sockets.add(socket.on('error', () => socket.destroy()));
    near.on('data', (bytes) => silent || far.write(bytes));
    far.on('data', (bytes) => silent || near.write(bytes));
    near.on('close', () => far.destroy());
  });
  await once(relay.listen(0, '127.0.0.1'), 'listening');
  // Time passes only while the server is silent: a machine that is slow makes no answer late.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const through = await openStore({
    url: elsewhere((url) => {
      url.port = String((relay.address() as AddressInfo).port);
      url.searchParams.set('query_timeout', '250');
    }),
  });
  await through.ping();
  silent = true;
  let told = false;
  const unanswered = through.ping().finally(() => (told = true));
  unanswered.catch(() => undefined);
  while (!told) {
    vi.advanceTimersByTime(250);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await expect(unanswered).rejects.toMatchObject({ code: 'database_unavailable' });
  silent = false;
  await through.ping();
  await through.close();
  for (const socket of sockets) socket.destroy();
  relay.close();
});

test('after closing, everything is refused and the process holds no handle', async () => {
  const closed = await openStore({ url: database.url });
  await closed.policy.onChange(() => {});
  await closed.close();
  await expect(closed.ping()).rejects.toMatchObject({ code: 'database_unavailable' });
  const { rows } = await operator.query<{ n: string }>(
    `SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'qconn-hub'`,
  );
  expect(Number(rows[0]?.n)).toBeLessThanOrEqual(11);
});
