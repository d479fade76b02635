import { createDatabase } from '@qconn/testkit';

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
  const close = async (): Promise<void> => {
    await Promise.all(stores.map(async (store) => await store.close()));
    await database.drop();
  };
  return { store: await another(), kind: 'PostgreSQL', another, close };
});
