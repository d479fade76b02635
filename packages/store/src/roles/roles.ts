import type { Act } from '../act.ts';
import type { Database } from '../database/database.ts';
import { deleteRole, type DeleteRole } from './delete-role.ts';
import { putRole, type PutRole } from './put-role.ts';
import { type RoleRecord, roleRecordOf } from './record.ts';

/** Roles. */
export class Roles {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(): Promise<readonly RoleRecord[]> {
    const rows = await this.#database.read(
      async (db) => await db.selectFrom('role').selectAll().orderBy('name').execute(),
    );
    return rows.map(roleRecordOf);
  }

  async find(name: string): Promise<RoleRecord | undefined> {
    const row = await this.#database.read(
      async (db) => await db.selectFrom('role').selectAll().where('name', '=', name).executeTakeFirst(),
    );
    return row === undefined ? undefined : roleRecordOf(row);
  }

  /**
   * Makes a role or replaces its grants.
   * @throws QconnError edit_conflict when it is no longer at `ifGeneration` (0: must not exist)
   */
  async put(input: PutRole & Act): Promise<RoleRecord> {
    return await putRole(this.#database, input);
  }

  /**
   * Deletes a role; with `force` also from the machines that have it.
   * @throws QconnError unknown_role; role_in_use with `facts.machines`, how many have it; edit_conflict
   */
  async delete(input: DeleteRole & Act): Promise<void> {
    await deleteRole(this.#database, input);
  }
}
