import { sql } from 'kysely';

import type { Act } from '../act.ts';
import type { Database } from '../database/database.ts';
import { type Lagging, laggingMachines, type LaggingQuery } from './lagging.ts';
import { type RotationRecord, rotationRecordOf } from './record.ts';
import {
  abortRotation,
  activateRotation,
  deactivateRotation,
  type NewRotation,
  prepareRotation,
  type Prune,
  pruneRotation,
} from './steps.ts';

/** What a machine has said that it holds. */
export interface Holding {
  readonly machine: string;
  /** Id of its trust bundle. */
  readonly trust: string;
  /** Of its newest certificate. */
  readonly serial: string;
}

/** Changes of the hub's root, one at a time. The keys are in the CA's folder; which of them counts is written here. */
export class Rotations {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The one that is under way, else the last that ended. */
  async last(): Promise<RotationRecord | undefined> {
    const row = await this.#database.read(
      async (db) =>
        await db
          .selectFrom('ca_rotation')
          .selectAll()
          .orderBy(sql`ended_at DESC NULLS FIRST, started_at DESC`)
          .limit(1)
          .executeTakeFirst(),
    );
    return row === undefined ? undefined : rotationRecordOf(row);
  }

  /** @throws QconnError invalid_state when one is under way */
  async prepare(input: NewRotation & Act): Promise<RotationRecord> {
    return await prepareRotation(this.#database, input);
  }

  /** @throws QconnError invalid_state unless one is prepared */
  async activate(input: { readonly renewWithinMs: number } & Act): Promise<RotationRecord> {
    return await activateRotation(this.#database, input);
  }

  /** @throws QconnError invalid_state unless one is activated; rotation_blocked naming machines that would be locked out */
  async prune(input: Prune & Act): Promise<RotationRecord> {
    return await pruneRotation(this.#database, input);
  }

  /** @throws QconnError invalid_state unless one is activated */
  async deactivate(act: Act): Promise<RotationRecord> {
    return await deactivateRotation(this.#database, act);
  }

  /** @throws QconnError invalid_state unless one is prepared; rotation_blocked naming machines that would be locked out */
  async abort(act: Act): Promise<RotationRecord> {
    return await abortRotation(this.#database, act);
  }

  /** Machines that may come back and are not ready for the old root to go. */
  async lagging(rotation: RotationRecord, query: LaggingQuery): Promise<Lagging> {
    return await laggingMachines(this.#database, rotation, query);
  }

  /** Notes what machines hold. Not audited: it is what they say, again at every connection. */
  async note(holdings: readonly Holding[]): Promise<void> {
    if (holdings.length === 0) return;
    const list = JSON.stringify(holdings);
    await this.#database.write(async (trx) => {
      await sql`
        UPDATE machine SET held_trust = said.trust, held_issuer = credential.issuer
        FROM jsonb_to_recordset(${list}::jsonb) AS said(machine text, trust text, serial text)
        JOIN credential ON credential.serial = said.serial AND credential.machine = said.machine
        WHERE machine.fingerprint = said.machine
          AND (machine.held_trust, machine.held_issuer) IS DISTINCT FROM (said.trust, credential.issuer)`.execute(trx);
    });
  }
}
