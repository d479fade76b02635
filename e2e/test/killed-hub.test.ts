import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, CredentialStore, enroll, fetchPinnedTrust, HubHttps, parseSecret, type Client } from '@qconn/client';
import { createDatabase, type TestDatabase } from '@qconn/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HubProcess } from '../src/hub-process.ts';

let folder: string;
let database: TestDatabase;
let hub: HubProcess;
let client: Client;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qconn-killed-'));
  database = await createDatabase();
  hub = await HubProcess.start(join(folder, 'hub'), database.url);
  const url = `https://${hub.https}`;
  const secret = hub.bootstrapSecret ?? '';
  const { pem: trustPem } = await fetchPinnedTrust(new URL(url), parseSecret(secret, 'qb').pin ?? new Uint8Array());
  const { key } = (await new HubHttps({ url, trustPem }).call('POST', '/v1/bootstrap', { secret, name: 'test' })) as {
    key: string;
  };
  const api = new HubHttps({ url, trustPem, key });
  const { token } = (await api.call('POST', '/v1/tokens', {})) as { token: string };
  const store = new CredentialStore(join(folder, 'machine'));
  await enroll({ hub: url, token, store, hostname: 'machine', agent: 'e2e/1' });
  const grants = ['provide', 'submit'].map((verb) => ({ effect: 'allow', verb, serviceTypes: ['*'] }));
  await api.call('PUT', '/v1/roles/both', { grants }, { 'if-none-match': '*' });
  await api.call('POST', '/v1/machines/machine/approve', { roles: ['both'] });
  api.close();
  client = await connect({ credentials: store, agent: 'machine/1' });
  await client.connected({ phase: 'online' });
  await client.provide({ device: 'd', serviceTypes: ['work'] }, () => 'done');
}, 120_000);

afterAll(async () => {
  await client.close(0);
  await hub.kill('SIGTERM');
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

test('a hub that was killed keeps what it knew, and tells the clients of its former life at once that they have to come back', async () => {
  const { ports } = hub;
  await hub.kill();
  hub = await HubProcess.start(join(folder, 'hub'), database.url, ports);
  const back = client.events();
  // The connection is dead and the client cannot know: what it sends now is answered with a stateless reset.
  const lost = client.request('work@machine/d', '', { resolutionMs: 25_000 });
  await expect(lost).rejects.toMatchObject({ code: 'hub_lost', retrySafe: false });
  for await (const event of back) if (event.kind === 'phase' && event.phase === 'online') break;
  await expect.poll(async () => Buffer.from((await client.request('work@machine/d', '')).body).toString()).toBe('done');
});
