import { mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SecurityFile } from '../../src/security/security-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qconn-security-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('lines are appended at once, and to a new file after the old one was moved away', async () => {
  const path = join(folder, 'security.log');
  const failures: unknown[] = [];
  const file = new SecurityFile(path, (error) => failures.push(error));
  file.write('a\n');
  await rename(path, `${path}.1`);
  file.write('b\n');
  file.reopen();
  file.write('c\n');
  file.destroy();
  expect([await readFile(`${path}.1`, 'utf8'), await readFile(path, 'utf8')]).toEqual(['a\nb\n', 'c\n']);
  expect((await stat(path)).mode & 0o007).toBe(0);
  expect(failures).toEqual([]);
});

test('a path that cannot be opened is a mistake of the configuration; a rotation that fails loses no line', async () => {
  expect(() => new SecurityFile(join(folder, 'nowhere', 'x.log'), () => {})).toThrow(
    expect.objectContaining({ code: 'config_invalid' }),
  );
  const failures: unknown[] = [];
  const file = new SecurityFile(join(folder, 'security.log'), (error) => failures.push(error));
  await rename(folder, `${folder}.moved`);
  file.reopen();
  file.write('still\n');
  expect(failures).toHaveLength(1);
  file.destroy();
  await rename(`${folder}.moved`, folder);
  expect(await readFile(join(folder, 'security.log'), 'utf8')).toBe('still\n');
});
