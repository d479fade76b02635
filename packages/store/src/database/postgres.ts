import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';

import type { Connection, Tables } from './database.ts';
import { listenOn } from './postgres-listener.ts';
import { VALUE_PARSERS } from './value-types.ts';

/** Connections of one hub: transactions are short, and a default server allows 100. */
const POOL_SIZE = 10;

/** How long a request waits for a connection, in milliseconds: less than any client waits for the hub. */
const CONNECT_TIMEOUT_MS = 5_000;

/** After this long the server ends a transaction whose hub hangs, so that its locks do not stay. */
const IDLE_TRANSACTION_MS = 15_000;

/** How long a query may take, in milliseconds: a server that is gone without a word never answers. */
export const QUERY_TIMEOUT_MS = 10_000;

/** What `pg` says of a query that has taken too long; it gives it no code. */
const TIMED_OUT = 'Query read timeout';

/**
 * Opens a pool on a PostgreSQL server; the first query connects.
 * @param queryTimeoutMs 0: as long as it takes. A `query_timeout` in the URL has precedence
 */
export function openPostgres(url: string, queryTimeoutMs: number): Connection {
  const options: pg.PoolConfig = {
    connectionString: url,
    application_name: 'qconn-hub',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
    types: { getTypeParser: parserOf },
  };
  const pool = new pg.Pool({ ...options, max: POOL_SIZE, Client: ImpatientClient });
  // An idle connection that breaks is replaced by the pool; the query that needs one reports failures.
  pool.on('error', () => {});
  // Nor may one that breaks while it is in use, but between two queries, end the process.
  pool.on('connect', (client) => void client.on('error', () => {}));
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const listeners: Array<() => Promise<void>> = [];
  return {
    kysely,
    async listen(channel, heard) {
      listeners.push(await listenOn(options, channel, heard));
    },
    usage: () => ({
      busy: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    async close() {
      await Promise.all(listeners.map(async (stop) => await stop()));
      await kysely.destroy();
      if (!pool.ended) await pool.end();
    },
  };
}

/**
 * `pg` gives up waiting for a query but keeps its connection, on which everybody who comes next
 * would wait behind that query. This ends the connection.
 */
class ImpatientClient extends pg.Client {
  // `pg` declares eight overloads; `never` satisfies them all, and what they return passes through.
  override query(...args: unknown[]): never {
    const result: unknown = super.query(...(args as [string, unknown[]]));
    if (result instanceof Promise) result.catch((error: Error) => error.message === TIMED_OUT && void this.end());
    return result as never;
  }
}

/** Picks our parser for a type, else that of `pg`. */
export const parserOf = ((type: Parameters<typeof pg.types.getTypeParser>[0]) =>
  VALUE_PARSERS[type] ?? pg.types.getTypeParser(type)) as typeof pg.types.getTypeParser;
