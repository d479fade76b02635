import type { Kysely, Transaction } from 'kysely';

import { retrySafely, translated } from './failures.ts';
import type { Tables } from './tables.ts';

export type { Tables } from './tables.ts';

/** A query runner inside a transaction. */
export type Trx = Transaction<Tables>;

/** How the two kinds of database are told apart by the rest of the store: not at all. */
export interface Connection {
  readonly kysely: Kysely<Tables>;
  /**
   * Calls `heard` with the payload of each notification, and with undefined when some may have been
   * missed. Ends with `close()`.
   */
  listen(channel: string, heard: (payload: string | undefined) => void): Promise<void>;
  close(): Promise<void>;
}

/** Runs reads and writes; every error that leaves it is a QconnError or a defect. */
export class Database {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Runs queries that need no common snapshot. */
  async read<T>(work: (kysely: Kysely<Tables>) => Promise<T>): Promise<T> {
    return await translated(async () => await work(this.#connection.kysely));
  }

  /** Runs several reads that see the same moment. */
  async readAtOnce<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    const transaction = this.#connection.kysely
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only');
    return await translated(async () => await transaction.execute(work));
  }

  /**
   * Runs one transaction (READ COMMITTED; whoever depends on a row locks it). Deadlocks, and a lost
   * race for a hostname, run `work` again: it may have no effect but through `trx`. It must not use
   * the database in any other way: on PGlite, which has one connection, that would wait forever.
   */
  async write<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    return await translated(
      async () => await retrySafely(async () => await this.#connection.kysely.transaction().execute(work)),
    );
  }

  async listen(channel: string, heard: (payload: string | undefined) => void): Promise<void> {
    await translated(async () => await this.#connection.listen(channel, heard));
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}
