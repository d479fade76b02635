import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createDatabase, type TestDatabase } from '@qconn/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HUB_MAIN, qconnHub, runHub } from './hub-command.ts';

let folder: string;
let database: TestDatabase;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qconn-serve-'));
  database = await createDatabase();
});

afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Starts a hub, stops it once it listens, and gives all that it has written. */
async function serveOnce(environment: Record<string, string>): Promise<string> {
  const args = ['serve', '--init', '--json', '--data', folder, '--quic-port', '0', '--https-port', '0'];
  const child = spawn(process.execPath, ['--conditions=@qconn/source', HUB_MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: database.url,
      QCONN_HUB_LISTEN_HOST: '127.0.0.1',
      ...environment,
    },
  });
  stopOnceListening(child);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return stdout + stderr;
}

function stopOnceListening(child: ChildProcess): void {
  child.stdout?.on('data', (chunk: Buffer) => {
    if (chunk.includes('"listening"')) child.kill('SIGTERM');
  });
}

test('a hub warns of plain keys, not of encrypted ones, and refuses exposed ones', async () => {
  const hub = { DATABASE_URL: database.url };
  const environment = { ...hub, QCONN_HUB_CA_PASSPHRASE: 'correct horse battery staple' };
  expect(await serveOnce({})).toContain('ca_keys_not_encrypted');
  expect(await runHub(['ca', 'encrypt', '--data', folder], environment)).toMatchObject({ code: 0 });
  const said = await serveOnce(environment);
  expect(said).toContain('"listening"');
  // However soon after that it is told to.
  expect(said).toContain('hub_stopped');
  expect(said).not.toContain('ca_keys_not_encrypted');
  expect(said).not.toContain('battery');
  const without = await qconnHub(['serve', '--data', folder], hub);
  expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining('passphrase_wrong') });
  await chmod(join(folder, 'ca', 'issuing.key'), 0o644);
  const exposed = await qconnHub(['serve', '--data', folder], environment);
  expect(exposed).toMatchObject({ code: 1, stderr: expect.stringContaining('has mode 0644; it must be 0600') });
});
