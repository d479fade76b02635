import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@qconn/clock';
import { openStore, type Store } from '@qconn/store';
import { createDatabase, type TestDatabase } from '@qconn/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { initialise, loadHubConfig, type HubConfig } from '../src/index.ts';
import { isInitialised, notInitialised, openStoreOfHub } from '../src/initialise.ts';

let folder: string;
let database: TestDatabase;
let store: Store;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qconn-initialise-'));
  database = await createDatabase();
  store = await openStore({ url: database.url });
});

afterEach(async () => {
  await store.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

function configOf(name: string): HubConfig {
  return loadHubConfig({ flags: { '--data': { path: 'dataFolder', value: join(folder, name) } } });
}

test('where there is nothing, that is said', async () => {
  expect(await isInitialised(configOf('a'), store)).toBe(false);
  expect(await notInitialised(configOf('a'))).toMatchObject({ message: expect.stringMatching(/no hub in .*a yet/) });
});

test('no database is made where a hub is looked for and there is none', async () => {
  const config = configOf('a');
  await expect(openStoreOfHub(config)).rejects.toMatchObject({ code: 'not_initialised' });
  expect(existsSync(config.dataFolder)).toBe(false);
});

test('a hub’s database beside another data folder is neither run nor made a second hub', async () => {
  await initialise(configOf('a'), store, systemClock);
  expect(await isInitialised(configOf('a'), store)).toBe(true);
  const lost = { code: 'ca_unusable', message: expect.stringMatching(/no CA in .*b/) };
  await expect(isInitialised(configOf('b'), store)).rejects.toMatchObject(lost);
  await expect(initialise(configOf('b'), store, systemClock)).rejects.toMatchObject(lost);
  await expect(initialise(configOf('a'), store, systemClock)).rejects.toMatchObject({ code: 'already_initialised' });
});

test('a hub’s data folder beside another database is told from none at all', async () => {
  await initialise(configOf('a'), store, systemClock);
  const other = await createDatabase();
  const empty = await openStore({ url: other.url });
  expect(await isInitialised(configOf('a'), empty)).toBe(false);
  expect(await notInitialised(configOf('a'))).toMatchObject({ message: expect.stringMatching(/CA in .*a, but/) });
  await empty.close();
  await other.drop();
});
