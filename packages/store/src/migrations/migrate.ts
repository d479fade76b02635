import { QconnError } from '@qconn/protocol';
import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';

import { MIGRATIONS } from './list.ts';

/**
 * Brings the schema up to this version, in one transaction, under a lock that several hubs that
 * start at once take in turn.
 * @throws QconnError schema_newer when the database knows a migration that this version does not
 */
export async function migrate(kysely: Kysely<any>): Promise<void> {
  const migrator = new Migrator({ db: kysely, provider: { getMigrations: async () => runnable() } });
  await refuseNewer(kysely);
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  // Another hub of a newer version may have migrated between the look and the lock.
  await refuseNewer(kysely);
  throw error;
}

async function refuseNewer(kysely: Kysely<any>): Promise<void> {
  const { rows: tables } = await sql<{
    present: boolean;
  }>`SELECT to_regclass('kysely_migration') IS NOT NULL AS present`.execute(kysely);
  if (tables[0]?.present !== true) return;
  const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration ORDER BY name`.execute(kysely);
  const unknown = rows.find(({ name }) => !(name in MIGRATIONS));
  if (unknown !== undefined) {
    throw new QconnError(
      'schema_newer',
      `The database has the migration ${unknown.name}, which this version of qconn does not know.`,
      { facts: { migration: unknown.name } },
    );
  }
}

function runnable(): Record<string, Migration> {
  return Object.fromEntries(
    Object.entries(MIGRATIONS).map(([name, statements]) => [name, { up: async (db) => await runAll(db, statements) }]),
  );
}

async function runAll(db: Kysely<any>, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
