import { AsyncLocalStorage } from 'node:async_hooks';

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
  /** Of the pool, without the one that listens. */
  usage(): ConnectionUsage;
  close(): Promise<void>;
}

/** How busy the connections to the database are. */
export interface ConnectionUsage {
  /** Connections that a query or a transaction has now. */
  readonly busy: number;
  /** Connections that are open and free. */
  readonly idle: number;
  /** Queries that wait for a connection. */
  readonly waiting: number;
}

/** Runs reads and writes; every error that leaves it is a QconnError or a defect. */
export class Database {
  readonly #connection: Connection;
  /** What runs now on behalf of a transaction, followed through its promises. */
  readonly #inside = new AsyncLocalStorage<{ open: boolean }>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Runs queries that need no common snapshot. */
  async read<T>(work: (kysely: Kysely<Tables>) => Promise<T>): Promise<T> {
    this.#refuseInside();
    return await translated(async () => await work(this.#connection.kysely));
  }

  /** Runs several reads that see the same moment. */
  async readAtOnce<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    this.#refuseInside();
    const transaction = this.#connection.kysely.transaction();
    const snapshot = transaction.setIsolationLevel('repeatable read').setAccessMode('read only');
    return await translated(async () => await snapshot.execute(work));
  }

  /**
   * Runs one transaction (READ COMMITTED; whoever depends on a row locks it). Deadlocks, and a lost
   * race for a hostname, run `work` again: it may have no effect but through `trx`.
   */
  async write<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    this.#refuseInside();
    const inside = { open: true };
    try {
      const transact = async (): Promise<T> => await this.#connection.kysely.transaction().execute(work);
      return await translated(async () => await this.#inside.run(inside, async () => await retrySafely(transact)));
    } finally {
      inside.open = false;
    }
  }

  /** Calls `heard` outside of the transaction that caused the call. See `Connection.listen`. */
  async listen(channel: string, heard: (payload: string | undefined) => void): Promise<void> {
    await translated(async () => await this.#connection.listen(channel, AsyncLocalStorage.bind(heard)));
  }

  get usage(): ConnectionUsage {
    return this.#connection.usage();
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** On PGlite, which has one connection, this would wait for itself for ever. */
  #refuseInside(): void {
    if (this.#inside.getStore()?.open === true)
      throw new Error('The store is used inside one of its own transactions.');
  }
}
