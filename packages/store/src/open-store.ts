import { type Connection, Database } from './database/database.ts';
import { translated } from './database/failures.ts';
import { openPglite } from './database/pglite.ts';
import { openPostgres, QUERY_TIMEOUT_MS } from './database/postgres.ts';
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
      ? await openServer(location.url)
      : await openEmbedded('folder' in location ? location.folder : undefined);
  return new Store(new Database(connection));
}

/** A migration of a large database may take longer than any query of a request. */
async function openServer(url: string): Promise<Connection> {
  const patient = openPostgres(url, 0);
  try {
    await translated(async () => await migrate(patient.kysely));
  } finally {
    await patient.close();
  }
  return openPostgres(url, QUERY_TIMEOUT_MS);
}

async function openEmbedded(folder: string | undefined): Promise<Connection> {
  const connection = await openPglite(folder);
  try {
    await translated(async () => await migrate(connection.kysely));
  } catch (error) {
    await connection.close();
    throw error;
  }
  return connection;
}
