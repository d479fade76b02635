import { sql } from 'kysely';

import { Database } from '../src/database/database.ts';
import { openPglite } from '../src/database/pglite.ts';
import { migrate } from '../src/migrations/migrate.ts';
import { Store } from '../src/store.ts';
import { runSuites } from './both-databases.ts';

runSuites(async () => {
  const connection = await openPglite(undefined);
  await migrate(connection.kysely);
  const store = new Store(new Database(connection));
  const run = async (statement: string): Promise<void> => void (await sql.raw(statement).execute(connection.kysely));
  return { store, kind: 'PGlite', run, another: async () => store, close: async () => await store.close() };
});
