import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, expect, test } from 'vitest';

import { lockFolder } from '../src/database/folder-lock.ts';
import { openStore } from '../src/index.ts';
import { admin, newCredential, newRequest, newToken } from './fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'qconn-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes audit rows until it is killed, and prints the number of each one that is committed. */
const WRITER = `
  import { openStore } from '@qconn/store';
  const store = await openStore({ folder: process.argv[1] });
  for (let at = 1; ; at++) {
    await store.audit.note({ act: 'test.write', subject: 'row', actor: 'writer', now: at });
    console.log(at);
  }
`;

test('a folder belongs to one process, loses nothing when that is killed, and is free at once', async () => {
  const data = join(folder, 'data');
  const writer = spawn(
    process.execPath,
    ['--conditions=@qconn/source', '--input-type=module', '--eval', WRITER, data],
    { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: writer.stdout });
  let committed = 0;
  await new Promise<void>((resolve) => lines.on('line', (line) => (committed = Number(line)) === 20 && resolve()));
  await expect(openStore({ folder: data })).rejects.toMatchObject({
    code: 'data_locked',
    facts: { folder: data, pid: writer.pid },
  });
  expect(statSync(data).mode & 0o777).toBe(0o700);
  writer.kill('SIGKILL');
  await once(writer, 'close');

  const store = await openStore({ folder: data });
  const verdict = await store.audit.verify();
  expect(verdict.intact).toBe(true);
  expect(verdict.rows).toBeGreaterThanOrEqual(committed);
  await store.close();
});

test('closing lets a transaction that runs finish, and refuses what comes later', async () => {
  const store = await openStore({ folder: join(folder, 'data') });
  const token = newToken();
  await store.tokens.create({ ...token, ...admin });
  const { promise: issuing, resolve: begin } = Promise.withResolvers<void>();
  const { promise: signed, resolve: sign } = Promise.withResolvers<void>();
  const enrolment = store.enrol(newRequest(token, { issue: async () => (begin(), await signed, newCredential()) }));
  await issuing;
  const closed = store.close();
  const late = expect(store.roles.list()).rejects.toMatchObject({ code: 'database_unavailable' });
  sign();
  const { machine } = await enrolment;
  await Promise.all([closed, late]);

  const reopened = await openStore({ folder: join(folder, 'data') });
  expect(await reopened.machines.find(machine.fingerprint)).toEqual(machine);
  await reopened.close();
});

test('closing gives the folder back', () => {
  const unlock = lockFolder(join(folder, 'locked'));
  expect(() => lockFolder(join(folder, 'locked'))).toThrow(expect.objectContaining({ code: 'data_locked' }));
  unlock();
  lockFolder(join(folder, 'locked'))();
});

test('a folder that cannot be made is reported as such', async () => {
  await expect(openStore({ folder: '/dev/null/data' })).rejects.toMatchObject({ code: 'database_unavailable' });
});
