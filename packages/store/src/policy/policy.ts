import type { Database } from '../database/database.ts';
import { POLICY_CHANNEL, type PolicySubjects } from './changed.ts';
import { loadMachines, loadRevokedSerials, loadRoles, loadSnapshot } from './load.ts';
import type { PolicyChange, PolicyPart, PolicySnapshot } from './snapshot.ts';

/** Reads the policy and tells of its changes. */
export class Policy {
  readonly #database: Database;
  readonly #listeners = new Set<(change: PolicyChange) => void>();
  #listening: Promise<void> | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Reads everything, as of one moment. `now` leaves out revocations of credentials that have expired. */
  async load({ now }: { readonly now: number }): Promise<PolicySnapshot> {
    return await this.#database.readAtOnce(async (trx) => await loadSnapshot(trx, now));
  }

  /**
   * Reads the named machines and roles only: what a change names. A named one that is missing from
   * the result is gone. `revokedSerials` are those of the named machines.
   *
   * It brings a policy to the generation of that change and no further, although what it reads may
   * be newer: later changes name machines that are not in this part. Hence it has no generation.
   */
  async loadPart({ machines = [], roles = [], now }: PolicySubjects & { readonly now: number }): Promise<PolicyPart> {
    return await this.#database.readAtOnce(async (trx) => ({
      roles: roles.length === 0 ? [] : await loadRoles(trx, roles),
      machines: machines.length === 0 ? [] : await loadMachines(trx, machines),
      revokedSerials: machines.length === 0 ? [] : await loadRevokedSerials(trx, now, machines),
    }));
  }

  /** The current generation, for a periodic look whether anything was missed. */
  async generation(): Promise<number> {
    return await this.#database.read(
      async (db) =>
        (await db.selectFrom('policy_generation').select('generation').executeTakeFirstOrThrow()).generation,
    );
  }

  /**
   * Calls `listener` after each commit that changes the policy, of this hub or another. Start
   * listening before loading, so that nothing falls between. Listeners must not throw.
   * @returns what ends it
   */
  async onChange(listener: (change: PolicyChange) => void): Promise<() => void> {
    this.#listeners.add(listener);
    this.#listening ??= this.#database.listen(POLICY_CHANNEL, (payload) => this.#tell(changeOf(payload)));
    try {
      await this.#listening;
    } catch (error) {
      this.#listening = undefined;
      this.#listeners.delete(listener);
      throw error;
    }
    return () => void this.#listeners.delete(listener);
  }

  #tell(change: PolicyChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** Anything that is not one of our announcements is met by loading everything. */
function changeOf(payload: string | undefined): PolicyChange {
  try {
    const { generation, machines, roles } = JSON.parse(payload ?? '{}') as Record<string, unknown>;
    const complete = typeof generation === 'number' && Array.isArray(machines) && Array.isArray(roles);
    return complete ? { kind: 'changed', generation, machines, roles } : { kind: 'resync' };
  } catch {
    return { kind: 'resync' };
  }
}
