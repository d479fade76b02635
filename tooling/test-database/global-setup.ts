/**
 * One PostgreSQL server for the whole test run, started when the first test asks for it, so that
 * runs without database tests do not pay for it. Test files ask through `createDatabase()` of
 * @qconn/testkit, over a loopback port that they find in the environment.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

import { SERVER_PORT_VARIABLE } from '../../packages/testkit/src/database/create-database.ts';
import { startPostgres, type PostgresServer } from '../../packages/testkit/src/database/postgres-server.ts';

/** @returns the tear-down, which vitest calls at the end of the run, also after failures. */
export default async function setup(): Promise<() => Promise<void>> {
  let server: Promise<PostgresServer> | undefined;
  const desk = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    server ??= startPostgres();
    server.then(
      ({ url }) => socket.end(url),
      (error: unknown) => socket.end(String(error)),
    );
  });
  desk.listen(0, '127.0.0.1');
  await once(desk, 'listening');
  process.env[SERVER_PORT_VARIABLE] = String((desk.address() as AddressInfo).port);
  return async () => {
    desk.close();
    await (await server?.catch(() => undefined))?.stop();
  };
}
