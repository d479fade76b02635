import { Database } from './database/database.ts';
import { translated } from './database/failures.ts';
import { openPglite } from './database/pglite.ts';
import { openPostgres } from './database/postgres.ts';
import { migrate } from './migrations/migrate.ts';
import { Store } from './store.ts';

/** Where the data is. */
export type StoreLocation =
  /** A PostgreSQL server: `postgres://user:password@host/database`. */
  | { readonly url: string }
  /** The embedded database in a folder of its own, which is made when missing. */
  | { readonly folder: string }
  /** The embedded database in memory, for tests: gone with `close()`. */
  | { readonly memory: true };

/**
 * Opens the store and brings its schema up to this version.
 * @throws QconnError database_unavailable; schema_newer; data_locked when another process has the folder
 */
export async function openStore(location: StoreLocation): Promise<Store> {
  const connection =
    'url' in location
      ? openPostgres(location.url)
      : await openPglite('folder' in location ? location.folder : undefined);
  try {
    await translated(async () => await migrate(connection.kysely));
  } catch (error) {
    await connection.close();
    throw error;
  }
  return new Store(new Database(connection));
}
