import { chmod, chown, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from '@qconn/identity';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  encryptAuthority,
  loadAuthority,
  plainKeyFiles,
  readAuthority,
  saveAuthority,
} from '../../src/authority/authority-files.ts';

const PASSPHRASE = 'correct horse battery staple';

let above: string;
let folder: string;

beforeEach(async () => {
  above = await mkdtemp(join(tmpdir(), 'qconn-ca-'));
  folder = join(above, 'ca');
});

afterEach(() => rm(above, { recursive: true, force: true }));

async function newAuthority(): Promise<CertificateAuthority> {
  return CertificateAuthority.create({ name: 'Test', now: Date.now() });
}

test('keys are encrypted under a passphrase, and open with it only', async () => {
  const authority = await newAuthority();
  await saveAuthority(folder, authority, PASSPHRASE);
  for (const name of await readdir(folder)) {
    expect(await readFile(join(folder, name), 'utf8'), name).not.toContain('PRIVATE KEY');
    expect((await stat(join(folder, name))).mode & 0o777, name).toBe(0o600);
  }
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect(plainKeyFiles(await readAuthority(folder))).toEqual([]);
  expect((await loadAuthority(folder, PASSPHRASE)).toPem()).toEqual(authority.toPem());
  await expect(loadAuthority(folder)).rejects.toMatchObject({ code: 'passphrase_wrong' });
  await expect(loadAuthority(folder, 'another')).rejects.toMatchObject({ code: 'passphrase_wrong' });
  await writeFile(join(folder, 'issuing.key'), '{"format":"qconn-sealed/1","kdf":{}}');
  await expect(loadAuthority(folder, PASSPHRASE)).rejects.toMatchObject({ code: 'ca_unusable' });
});

test('keys that were stored in plain are encrypted later, and a half-done one is finished', async () => {
  const authority = await newAuthority();
  await saveAuthority(folder, authority);
  expect(plainKeyFiles(await readAuthority(folder))).toEqual(['root.key', 'issuing.key']);
  const plainRootKey = await readFile(join(folder, 'root.key'), 'utf8');
  expect(await encryptAuthority(folder, PASSPHRASE)).toEqual(['root.key', 'issuing.key']);
  expect(await encryptAuthority(folder, PASSPHRASE)).toEqual([]);
  await writeFile(join(folder, 'root.key'), plainRootKey);
  await expect(encryptAuthority(folder, 'another')).rejects.toMatchObject({ code: 'passphrase_wrong' });
  expect(await encryptAuthority(folder, PASSPHRASE)).toEqual(['root.key']);
  expect((await loadAuthority(folder, PASSPHRASE)).toPem()).toEqual(authority.toPem());
});

test('the passphrase changes, and a change that was interrupted is finished', async () => {
  const authority = await newAuthority();
  await saveAuthority(folder, authority, PASSPHRASE);
  const issuingKey = await readFile(join(folder, 'issuing.key'), 'utf8');
  await expect(encryptAuthority(folder, 'new', 'wrong')).rejects.toMatchObject({ code: 'passphrase_wrong' });
  expect(await encryptAuthority(folder, 'new', PASSPHRASE)).toEqual(['root.key', 'issuing.key']);
  await expect(loadAuthority(folder, PASSPHRASE)).rejects.toMatchObject({ code: 'passphrase_wrong' });
  await writeFile(join(folder, 'issuing.key'), issuingKey);
  expect(await encryptAuthority(folder, 'new', PASSPHRASE)).toEqual(['issuing.key']);
  expect((await loadAuthority(folder, 'new')).toPem()).toEqual(authority.toPem());
});

test('a CA that somebody else can get at is refused, with the file, its mode and what it must be', async () => {
  await saveAuthority(folder, await newAuthority());
  const key = join(folder, 'issuing.key');
  await chmod(key, 0o640);
  await expect(loadAuthority(folder)).rejects.toMatchObject({
    code: 'credential_exposed',
    message: `${key} has mode 0640; it must be 0600.`,
  });
  await chmod(key, 0o600);
  await chmod(folder, 0o755);
  await expect(loadAuthority(folder)).rejects.toMatchObject({
    code: 'credential_exposed',
    message: `${folder} has mode 0755; it must be 0700.`,
  });
  await chmod(folder, 0o700);
  await rename(key, join(above, 'elsewhere.key'));
  await symlink(join(above, 'elsewhere.key'), key);
  await expect(loadAuthority(folder)).rejects.toMatchObject({
    code: 'credential_exposed',
    message: `${key} is a symbolic link.`,
  });
});

test.skipIf(process.geteuid?.() !== 0)('a file of another user is refused to whoever is not root', async () => {
  await saveAuthority(folder, await newAuthority());
  for (const path of [above, folder, ...(await readdir(folder)).map((name) => join(folder, name))])
    await chown(path, 65_534, 65_534);
  const key = join(folder, 'root.key');
  await chown(key, 65_533, 65_534);
  await chmod(above, 0o711);
  process.seteuid?.(65_534);
  try {
    // A private file of another user cannot even be opened, so which of the two it is depends on the system.
    await expect(loadAuthority(folder)).rejects.toMatchObject({
      code: expect.stringMatching(/^(credential_exposed|ca_unusable)$/),
      message: expect.stringContaining(key),
    });
  } finally {
    process.seteuid?.(0);
  }
});

test('what is missing or too large is said', async () => {
  await expect(loadAuthority(folder)).rejects.toMatchObject({ code: 'not_initialised' });
  await saveAuthority(folder, await newAuthority());
  const path = join(folder, 'issuing.pem');
  await writeFile(path, 'x'.repeat(200_000));
  await expect(loadAuthority(folder)).rejects.toMatchObject({ code: 'ca_unusable' });
  await rm(path);
  await expect(loadAuthority(folder)).rejects.toMatchObject({
    code: 'ca_unusable',
    message: `The CA’s file ${path} is missing.`,
  });
});
