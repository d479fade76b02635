import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestPki } from '@qconn/testkit';
import { ProfileFile } from '../src/profile/profile-file.ts';
import type { Profile } from '../src/profile/profile.ts';

let base: string;
let profile: Profile;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'qconn-profiles-'));
  const pki = await createTestPki();
  profile = { hub: 'https://hub.example:7443', trustPem: [pki.rootPem], key: 'qk_secret' };
});
afterEach(() => rm(base, { recursive: true }));

const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

test('what is saved is loaded, and only its owner can read it', async () => {
  const file = new ProfileFile(join(base, 'deep', 'qconn'));
  await file.save(new Map([['default', profile]]));
  expect(await file.load()).toEqual(new Map([['default', profile]]));
  expect(await mode(file.path)).toBe(0o600);
  expect(await mode(join(base, 'deep', 'qconn'))).toBe(0o700);
  expect(await readdir(join(base, 'deep', 'qconn'))).toEqual(['profiles.json']);
});

test('a missing file is no profiles', async () => {
  expect(await new ProfileFile(join(base, 'none')).load()).toEqual(new Map());
});

test('a file that others can read is refused', async () => {
  const file = new ProfileFile(base);
  await file.save(new Map([['default', profile]]));
  await chmod(file.path, 0o640);
  await expect(file.load()).rejects.toMatchObject({
    code: 'credential_exposed',
    message: expect.stringContaining('0640'),
  });
});

test('a folder in which others can swap the file is refused', async () => {
  const file = new ProfileFile(base);
  await file.save(new Map([['default', profile]]));
  await chmod(base, 0o770);
  await expect(file.load()).rejects.toMatchObject({ code: 'credential_exposed' });
});

test.each([
  ['not JSON', 'qk_secret {'],
  ['no profiles', '{}'],
  ['no address', '{"profiles":{"a":{"key":"qk_secret","trustPem":[]}}}'],
  ['plain http', '{"profiles":{"a":{"hub":"http://h","key":"qk_secret","trustPem":["x"]}}}'],
  ['no key', '{"profiles":{"a":{"hub":"https://h","trustPem":["x"]}}}'],
  ['no certificates', '{"profiles":{"a":{"hub":"https://h","key":"qk_secret","trustPem":["x"]}}}'],
])('a damaged file (%s) is named, and its content is not quoted', async (_what, text) => {
  const file = new ProfileFile(base);
  await writeFile(file.path, text, { mode: 0o600 });
  const error = await file.load().catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'config_invalid', message: expect.stringContaining(file.path) });
  expect(String(error)).not.toContain('qk_secret');
});

test('a folder that cannot be written leaves what was there', async () => {
  await mkdir(join(base, 'qconn'));
  await writeFile(join(base, 'qconn', 'file'), '');
  const file = new ProfileFile(join(base, 'qconn', 'file'));
  await expect(file.save(new Map())).rejects.toMatchObject({ code: 'credential_unwritable' });
  expect(await readFile(join(base, 'qconn', 'file'), 'utf8')).toBe('');
});
