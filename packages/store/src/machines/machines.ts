import type { Act } from '../act.ts';
import type { Database } from '../database/database.ts';
import type { MachineStatus } from '../database/tables.ts';
import type { Page } from '../page.ts';
import { type Approval, approve } from './approve.ts';
import { assign, type Assignment } from './assign.ts';
import { normalHostname } from './hostname.ts';
import { lapse, type Lapse } from './lapse.ts';
import { listMachines, type MachineFilter } from './list.ts';
import { type MachineRecord, machineRecordOf, selectMachines } from './record.ts';
import { rename, type Renaming } from './rename.ts';
import { type Revocation, revoke } from './revoke.ts';

/** Machines, from pending to revoked. */
export class Machines {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(fingerprint: string): Promise<MachineRecord | undefined> {
    const row = await this.#database.read(
      async (db) => await selectMachines(db).where('fingerprint', '=', fingerprint).executeTakeFirst(),
    );
    return row === undefined ? undefined : machineRecordOf(row);
  }

  /** The authorized machine that holds a hostname. */
  async findByHostname(hostname: string): Promise<MachineRecord | undefined> {
    const row = await this.#database.read(
      async (db) =>
        await selectMachines(db)
          .where('hostname', '=', normalHostname(hostname))
          .where('status', '=', 'authorized')
          .executeTakeFirst(),
    );
    return row === undefined ? undefined : machineRecordOf(row);
  }

  /** Lists machines. */
  async list(filter: MachineFilter = {}): Promise<Page<MachineRecord>> {
    return await listMachines(this.#database, filter);
  }

  /** How many machines have each status. */
  async count(): Promise<Readonly<Record<MachineStatus, number>>> {
    const rows = await this.#database.read(
      async (db) =>
        await db
          .selectFrom('machine')
          .select((column) => ['status', column.fn.countAll<number>().as('machines')])
          .groupBy('status')
          .execute(),
    );
    return {
      pending: 0,
      authorized: 0,
      revoked: 0,
      ...Object.fromEntries(rows.map(({ status, machines }) => [status, machines])),
    };
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
   * Makes an authorized machine pending again, without hostname and roles: it was away for longer
   * than it may be. The hostname stays as the one that it asks for.
   * @throws QconnError invalid_state, unknown_object
   */
  async lapse(input: Lapse & Act): Promise<MachineRecord> {
    return await lapse(this.#database, input);
  }

  /**
   * Replaces roles, labels or both.
   * @throws QconnError unknown_role with `facts.role`, invalid_state when it is revoked, unknown_object
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
