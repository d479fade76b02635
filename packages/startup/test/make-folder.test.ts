import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeFolder } from '@qconn/startup';

function emptyFolder(): string {
  const base = mkdtempSync(join(tmpdir(), 'qconn-startup-'));
  onTestFinished(() => rmSync(base, { recursive: true }));
  return base;
}

test('a folder is made with those above it, and left as it is when it is there', async () => {
  const folder = join(emptyFolder(), 'a/b/c');
  await makeFolder(folder, 0o700);
  await makeFolder(folder, 0o755);
  for (const each of [folder, join(folder, '..')]) expect(statSync(each).mode & 0o777).toBe(0o700);
});

test('a file in the way is an error', async () => {
  const file = join(emptyFolder(), 'file');
  writeFileSync(file, '');
  await expect(makeFolder(file, 0o700)).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(join(file, 'a'), 0o700)).rejects.toMatchObject({ code: 'ENOTDIR' });
});

test.runIf(existsSync('/proc/self'))('a folder in which none can be made is an error too', async () => {
  for (const folder of ['/proc/qconn', '/proc/self/qconn/a'])
    await expect(makeFolder(folder, 0o700)).rejects.toMatchObject({ code: 'ENOENT' });
});
