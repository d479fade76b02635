import type { Act, Once } from '../act.ts';
import type { Database } from '../database/database.ts';
import { IDEMPOTENCY_TTL_MS } from './mark-done.ts';

/** Most bytes of an answer that is kept: far more than any act answers. */
const KEPT_ANSWER_MAX_BYTES = 65_536;

/** A request that was done. */
export interface DoneRequest {
  readonly requestHash: Uint8Array;
  readonly doneAt: number;
  /** What was answered; undefined when that was not kept: it held a secret, or the hub died before. */
  readonly answer: { readonly status: number; readonly body: string } | undefined;
}

/** Requests that were done in the last day, by caller and the key that the caller chose. */
export class Idempotency {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find({
    actor,
    keyHash,
    now,
  }: Pick<Act, 'actor' | 'now'> & Pick<Once, 'keyHash'>): Promise<DoneRequest | undefined> {
    const row = await this.#database.read(
      async (db) =>
        await db
          .selectFrom('idempotency')
          .select(['request_hash', 'done_at', 'status', 'answer'])
          .where('caller', '=', actor)
          .where('key_hash', '=', keyHash)
          .where('done_at', '>', now - IDEMPOTENCY_TTL_MS)
          .executeTakeFirst(),
    );
    if (row === undefined) return undefined;
    const { status, answer } = row;
    return {
      requestHash: row.request_hash,
      doneAt: row.done_at,
      answer: status === null || answer === null ? undefined : { status, body: answer },
    };
  }

  /** Keeps the answer of a request that was done; nothing when none was, or when it is over 64 KiB. */
  async keep({
    actor,
    keyHash,
    status,
    body,
  }: Pick<Act, 'actor'> & Pick<Once, 'keyHash'> & { readonly status: number; readonly body: string }): Promise<void> {
    if (Buffer.byteLength(body) > KEPT_ANSWER_MAX_BYTES) return;
    await this.#database.write(
      async (trx) =>
        await trx
          .updateTable('idempotency')
          .set({ status, answer: body })
          .where('caller', '=', actor)
          .where('key_hash', '=', keyHash)
          .where('status', 'is', null)
          .execute(),
    );
  }
}
