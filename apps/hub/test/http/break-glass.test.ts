import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@qconn/clock';
import { hashSecret, parseSecret } from '@qconn/identity';
import { openStore, type Store } from '@qconn/store';
import { createDatabase, type TestDatabase } from '@qconn/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { initialise, loadHubConfig, type HubConfig } from '../../src/index.ts';
import { renewBootstrap } from '../../src/initialise.ts';

let folder: string;
let database: TestDatabase;
let store: Store;
let config: HubConfig;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qconn-break-glass-'));
  database = await createDatabase();
  store = await openStore({ url: database.url });
  config = loadHubConfig({ flags: { '--data': { path: 'dataFolder', value: folder } } });
});

afterEach(async () => {
  await store.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

test('who has lost every key, and the role with it, gets in again at the hub’s host; the audit trail has it', async () => {
  const { bootstrapSecret } = await initialise(config, store, systemClock);
  await store.roles.put({ name: 'admin', grants: [], actor: 'key:slip', now: Date.now() });

  const renewed = await renewBootstrap(config, store, systemClock);

  const spend = (text: string): Promise<unknown> => {
    const { idText: id, secret } = parseSecret(text, 'qb');
    const key = {
      id: 'aa',
      name: 'again',
      secretHash: hashSecret(secret),
      scopes: ['admin'],
      expiresAt: Date.now() + 60_000,
    };
    return store.hub.spendBootstrap({ id, secretHash: hashSecret(secret), key, now: Date.now() });
  };
  await expect(spend(bootstrapSecret)).rejects.toMatchObject({ code: 'bootstrap_spent' });
  await expect(spend(renewed)).resolves.toMatchObject({ scopes: ['admin'] });
  expect((await store.roles.find('admin'))?.grants).toEqual([{ effect: 'allow', verb: 'admin', serviceTypes: ['*'] }]);
  const acts = (await store.audit.list()).items.map(({ actor, act }) => `${actor.split(':')[0]} ${act}`);
  expect(acts.slice(0, 3)).toEqual(['bootstrap bootstrap.spend', 'hub-host bootstrap.renew', 'hub-host role.put']);
  expect(await store.audit.verify()).toMatchObject({ intact: true });
});
