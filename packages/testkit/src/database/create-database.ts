import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';

import pg from 'pg';

/** Names the loopback port at which the test run's global set-up hands out its server's URL. */
export const SERVER_PORT_VARIABLE = 'QCONN_TEST_DATABASE_PORT';

/** A fresh database on a real PostgreSQL server. */
export interface TestDatabase {
  readonly url: string;
  /** Ends every connection to it and removes it. */
  drop(): Promise<void>;
}

/**
 * Makes an empty database for one test file: on the server that `DATABASE_URL` names (its user must
 * be allowed to create databases), else on the one that the test run starts at the first call.
 * @throws Error when there is no server: a test of the real database fails then, it is not skipped
 */
export async function createDatabase(): Promise<TestDatabase> {
  const server = await serverUrl();
  const name = `qconn_test_${randomBytes(6).toString('hex')}`;
  await runSql(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: async () => await runSql(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** Runs statements on a database, on a connection of their own. */
export async function runSql(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

async function serverUrl(): Promise<string> {
  const given = process.env['DATABASE_URL'];
  if (given !== undefined && given !== '') return given;
  const port = Number(process.env[SERVER_PORT_VARIABLE]);
  if (!(port > 0))
    throw new Error(
      'No test database: set DATABASE_URL, or run under vitest with tooling/test-database/global-setup.ts.',
    );
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
  await once(socket, 'end');
  if (!answer.startsWith('postgres:')) throw new Error(answer);
  return answer;
}
