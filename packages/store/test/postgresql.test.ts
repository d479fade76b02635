import { createDatabase } from '@qconn/testkit';
import pg from 'pg';

import { openStore, type Store } from '../src/index.ts';
import { runSuites } from './both-databases.ts';

runSuites(async () => {
  const database = await createDatabase();
  const stores: Store[] = [];
  const another = async (): Promise<Store> => {
    const store = await openStore({ url: database.url });
    stores.push(store);
    return store;
  };
  const operator = new pg.Client({ connectionString: database.url });
  await operator.connect();
  const run = async (statement: string): Promise<void> => void (await operator.query(statement));
  const close = async (): Promise<void> => {
    await Promise.all(stores.map(async (store) => await store.close()));
    await operator.end();
    await database.drop();
  };
  return { store: await another(), kind: 'PostgreSQL', run, another, close };
});
