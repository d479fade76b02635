import { openStore } from '../src/index.ts';
import { runSuites } from './both-databases.ts';

runSuites(async () => {
  const store = await openStore({ memory: true });
  return { store, kind: 'PGlite', another: async () => store, close: async () => await store.close() };
});
