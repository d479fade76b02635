/**
 * A process that owns one PostgreSQL server for tests. It prints the server's URL and runs until its
 * standard input ends, then stops the server and deletes its data. As the pipe ends with the process
 * that holds it, nothing is left behind even when that process is killed.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { lastingPort } from '../lasting-port.ts';
import { findPostgres, type PostgresBinaries } from './postgres-binaries.ts';

const READY = 'ready to accept connections';

/** Tests need no durability, wait for no deadlock, and a small server leaves the memory to them. */
const SETTINGS = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'deadlock_timeout=100ms',
  'max_connections=200',
  'shared_buffers=64MB',
];

const scratch = mkdtempSync(join(tmpdir(), 'qconn-postgres-'));
let server: ChildProcess | undefined;

process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
process.stdin.on('end', stop).resume();

chmodSync(scratch, 0o711);
await start(findPostgres(scratch));

async function start(programs: PostgresBinaries): Promise<void> {
  const password = randomBytes(16).toString('hex');
  const data = join(scratch, 'data');
  const passwordFile = join(scratch, 'password');
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (programs.user !== undefined)
    for (const path of [data, passwordFile]) chownSync(path, programs.user.uid, programs.user.gid);
  const as = { ...programs.user, cwd: scratch, env: { PATH: process.env['PATH'], LC_ALL: 'C' } };
  const flags = [
    '--username=qconn',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--no-sync',
    `--pgdata=${data}`,
  ];
  const made = spawnSync(programs.initdb, flags, { ...as, encoding: 'utf8' });
  if (made.status !== 0) return fail(`${programs.initdb}: ${made.error?.message ?? made.stderr}`);
  const port = await lastingPort();
  server = spawn(
    programs.postgres,
    ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', '', ...SETTINGS.flatMap((setting) => ['-c', setting])],
    { ...as, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  server.stderr?.on('data', (chunk: Buffer) => {
    const ready = !log.includes(READY);
    log = (log + chunk.toString()).slice(-4096);
    if (ready && log.includes(READY)) console.log(`postgres://qconn:${password}@127.0.0.1:${port}/postgres`);
  });
  server
    .on('error', (error) => fail(error.message))
    .on('exit', () => (process.exitCode === undefined ? fail(log) : process.exit()));
}

/** Ends the server at once (immediate shutdown): its data goes anyway. */
function stop(): void {
  process.exitCode = 0;
  if (server === undefined || server.exitCode !== null || !server.kill('SIGQUIT')) process.exit();
}

function fail(reason: string): void {
  console.error(`The test database did not start: ${reason}`);
  process.exit(1);
}
