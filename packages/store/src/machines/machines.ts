import type { Act } from '../act.ts';
import type { Database } from '../database/database.ts';
import type { MachineStatus } from '../database/tables.ts';
import type { Page } from '../page.ts';
import { type Approval, approve } from './approve.ts';
import { assign, type Assignment } from './assign.ts';
import { normalHostname } from './hostname.ts';
import { listMachines, type MachineFilter } from './list.ts';
import { machineRecord, type MachineRecord } from './record.ts';
import { rename, type Renaming } from './rename.ts';
import { type Revocation, revoke } from './revoke.ts';

/** Machines, from pending to revoked. */
export class Machines {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(fingerprint: string): Promise<MachineRecord | undefined> {
    return await this.#database.read(async (db) => {
      const row = await db.selectFrom('machine').selectAll().where('fingerprint', '=', fingerprint).executeTakeFirst();
      return row === undefined ? undefined : await machineRecord(db, row);
    });
  }

  /** The authorized machine that holds a hostname. */
  async findByHostname(hostname: string): Promise<MachineRecord | undefined> {
    return await this.#database.read(async (db) => {
      const query = db.selectFrom('machine').selectAll().where('hostname', '=', normalHostname(hostname)).where('status', '=', 'authorized');
      const row = await query.executeTakeFirst();
      return row === undefined ? undefined : await machineRecord(db, row);
    });
  }

  /** Lists machines, the oldest first. */
  async list(filter: MachineFilter = {}): Promise<Page<MachineRecord>> {
    return await listMachines(this.#database, filter);
  }

  /** How many machines have each status. */
  async count(): Promise<Readonly<Record<MachineStatus, number>>> {
    const query = async (status: MachineStatus): Promise<number> =>
      await this.#database.read(async (db) => (await db.selectFrom('machine').select((column) => column.fn.countAll<number>().as('n')).where('status', '=', status).executeTakeFirstOrThrow()).n);
    return { pending: await query('pending'), authorized: await query('authorized'), revoked: await query('revoked') };
  }

  /**
   * Authorizes a pending machine under a hostname, with roles. A hostname is free when its holder is
   * revoked or has no credential that is neither expired nor revoked; such a holder loses it here.
   * @throws QconnError hostname_taken with `facts.holder`, hostname_invalid, unknown_role,
   *   invalid_state when it is not pending, unknown_object
   */
  async approve(input: Approval & Act): Promise<MachineRecord> {
    return await approve(this.#database, input);
  }

  /**
   * Revokes a machine for good, with its credentials.
   * @throws QconnError unknown_object; invalid_state when it is revoked already
   */
  async revoke(input: Revocation & Act): Promise<MachineRecord> {
    return await revoke(this.#database, input);
  }

  /**
   * Replaces roles, labels or both.
   * @throws QconnError unknown_role with `facts.role`, unknown_object
   */
  async assign(input: Assignment & Act): Promise<MachineRecord> {
    return await assign(this.#database, input);
  }

  /**
   * Gives an authorized machine another hostname.
   * @throws QconnError hostname_taken, hostname_invalid, invalid_state, unknown_object
   */
  async rename(input: Renaming & Act): Promise<MachineRecord> {
    return await rename(this.#database, input);
  }
}
