import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readPassphrase } from '../src/passphrase.ts';

test('a passphrase comes from a file, without its last newline', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'qconn-passphrase-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'passphrase');
  await writeFile(path, ` two words \r\n`);
  expect(await readPassphrase({ passphraseFile: path }, 'here')).toBe(' two words ');
  expect(await readPassphrase({ passphrase: 'given' }, 'here')).toBe('given');
  expect(await readPassphrase({}, 'here')).toBeUndefined();
  for (const text of ['', '\n', 'x'.repeat(5_000)]) {
    await writeFile(path, text);
    await expect(readPassphrase({ passphraseFile: path }, 'here')).rejects.toMatchObject({ code: 'config_invalid' });
  }
  await expect(readPassphrase({ passphraseFile: join(folder, 'none') }, 'here')).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringContaining('cannot be read'),
  });
});
