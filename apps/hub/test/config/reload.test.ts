import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createDatabase, type TestDatabase } from '@qconn/testkit';
import { openStore, type AuditRecord } from '@qconn/store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HUB_MAIN } from '../authority/hub-command.ts';

let folder: string;
let database: TestDatabase;
let hub: ChildProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qconn-reload-'));
  database = await createDatabase();
});

afterEach(async () => {
  if (hub?.exitCode === null) {
    hub.kill('SIGKILL');
    await once(hub, 'close');
  }
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** The hub's log, one line after another. */
function lines(child: ChildProcess): (event: string) => Promise<Record<string, unknown>> {
  const log = createInterface({ input: child.stderr as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return async (event) => {
    for (;;) {
      const { value, done } = await log.next();
      if (done === true) throw new Error(`the hub ended before it wrote ${event}`);
      const line = JSON.parse(value) as Record<string, unknown>;
      if (line['event'] === event) return line;
    }
  };
}

async function configure(settings: string): Promise<string> {
  const file = join(folder, 'hub.yaml');
  await writeFile(
    file,
    `dataFolder: ${folder}/data\nlisten: { host: 127.0.0.1, quicPort: 0, httpsPort: 0 }\n${settings}`,
  );
  return file;
}

async function auditRows(): Promise<readonly AuditRecord[]> {
  const store = await openStore({ url: database.url });
  const { items } = await store.audit.list({ act: 'config.reload' });
  await store.close();
  return items;
}

test('SIGHUP reads the file anew: what is right comes into force with an audit row, a mistake changes nothing', async () => {
  const file = await configure('drainMs: 1000\n');
  hub = spawn(
    process.execPath,
    ['--conditions=@qconn/source', HUB_MAIN, 'serve', '--init', '--json', '--config', file],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'], DATABASE_URL: database.url },
    },
  );
  const line = lines(hub);
  await line('hub_started');

  await configure('drainMs: 0\nlog: { level: error }\nlisten2: 5\n');
  hub.kill('SIGHUP');
  const refused = await line('config_not_reloaded');
  expect(refused['err']).toMatchObject({
    code: 'config_invalid',
    message: expect.stringContaining('listen2') as string,
  });

  await configure('drainMs: 0\nlimits: { messagesPerSecond: 5 }\nhosts: [hub.example]\n');
  hub.kill('SIGHUP');
  expect(await line('config_reloaded')).toMatchObject({
    actor: 'hub-host',
    changed: [
      { setting: 'limits.messagesPerSecond', before: 100_000, after: 5 },
      { setting: 'drainMs', before: 1_000, after: 0 },
    ],
  });
  expect(await line('config_needs_restart')).toMatchObject({ settings: ['hosts'] });
  expect(await auditRows()).toMatchObject([
    {
      actor: 'hub-host',
      before: { 'limits.messagesPerSecond': 100_000, drainMs: 1_000 },
      after: { 'limits.messagesPerSecond': 5, drainMs: 0 },
    },
  ]);
  hub.kill('SIGTERM');
  await once(hub, 'close');
  expect(hub.exitCode).toBe(0);
});
