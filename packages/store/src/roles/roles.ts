import type { Act } from '../act.ts';
import type { Database } from '../database/database.ts';
import { limitOf, type Page, pageOf, type PageRequest, positionOf } from '../page.ts';
import { applyRoles, type ApplyRoles, rolesVersion } from './apply-roles.ts';
import { deleteRole, type DeleteRole } from './delete-role.ts';
import { putRole, type PutRole } from './put-role.ts';
import { type RoleRecord, roleRecordOf } from './record.ts';

/** Roles. */
export class Roles {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Lists roles by name. */
  async list(request: PageRequest = {}): Promise<Page<RoleRecord>> {
    const after = positionOf(request)?.[1] ?? '';
    const limit = limitOf(request);
    const rows = await this.#database.read(
      async (db) =>
        await db
          .selectFrom('role')
          .selectAll()
          .where('name', '>', after)
          .orderBy('name')
          .limit(limit + 1)
          .execute(),
    );
    return pageOf(rows, request, ({ name }) => [0, name], roleRecordOf);
  }

  /** Every role; a thousand with a hundred grants each are some megabytes. */
  async all(): Promise<readonly RoleRecord[]> {
    const rows = await this.#database.read(
      async (db) => await db.selectFrom('role').selectAll().orderBy('name').execute(),
    );
    return rows.map(roleRecordOf);
  }

  /** The roles of these names that exist. */
  async named(names: readonly string[]): Promise<readonly RoleRecord[]> {
    const rows = await this.#database.read(
      async (db) =>
        await db
          .selectFrom('role')
          .selectAll()
          .where('name', 'in', [...names, ''])
          .execute(),
    );
    return rows.map(roleRecordOf);
  }

  async find(name: string): Promise<RoleRecord | undefined> {
    return (await this.named([name]))[0];
  }

  /** Names the state of all roles together, for `apply`. */
  async version(): Promise<string> {
    return await rolesVersion(this.#database);
  }

  /**
   * Makes a role or replaces its grants.
   * @throws QconnError edit_conflict when it is no longer at `ifGeneration` (0: must not exist)
   */
  async put(input: PutRole & Act): Promise<RoleRecord> {
    return await putRole(this.#database, input);
  }

  /**
   * Deletes a role; with `force` also from the machines and API keys that have it.
   * @throws QconnError unknown_role; role_in_use with `facts.machines` and `facts.keys`, how many have it; edit_conflict
   */
  async delete(input: DeleteRole & Act): Promise<void> {
    await deleteRole(this.#database, input);
  }

  /**
   * Makes, replaces and deletes many roles, and assigns them, in one transaction.
   * @returns the version of all roles afterwards
   * @throws QconnError edit_conflict when the roles are no longer at `ifVersion`; unknown_role, role_in_use,
   *   unknown_object, invalid_state
   */
  async apply(input: ApplyRoles & Act): Promise<string> {
    return await applyRoles(this.#database, input);
  }
}
