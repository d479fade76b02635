import {
  chmodSync,
  chownSync,
  existsSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  readFileSync,
} from 'node:fs';
import * as nodeFs from 'node:fs/promises';
import path from 'node:path';
import { CredentialStore } from '@qconn/identity';
import { describe, expect, test } from 'vitest';
import { credentialFolder, newCredential, stoppingAfter } from './credential-folder.ts';

const isRoot = process.geteuid?.() === 0;

const folder = credentialFolder();
const { open, file } = folder;

describe('damage', () => {
  test('of the newest generation is reported and the one before is used', async () => {
    const [old, renewed] = [await newCredential(), await newCredential()];
    await open().save(old);
    await open().save(renewed);
    truncateSync(file('credential.json'), 100);
    const warnings: string[] = [];
    expect(await open({ warn: (message) => warnings.push(message) }).load()).toEqual(old);
    expect(warnings).toEqual([`The current credential in ${folder.path} is damaged.`]);
  });

  test('of a staged credential does not let it become the current one', async () => {
    const [old, current] = [await newCredential(), await newCredential()];
    await open().save(old);
    await open().save(current);
    await open().stage(await newCredential());
    truncateSync(file('credential.next.json'), 100);
    await expect(open().promote()).rejects.toMatchObject({ code: 'credential_damaged' });
    expect(await open().load()).toEqual(current);
  });

  test('of the current credential does not push out the good one before it', async () => {
    const [old, lost, renewed] = [await newCredential(), await newCredential(), await newCredential()];
    await open().save(old);
    await open().save(lost);
    truncateSync(file('credential.json'), 100);
    await open().save(renewed);
    expect((await open().generations()).map(({ credential }) => credential)).toEqual([renewed, old]);
  });

  test('of all generations is an error, and neither it nor a warning quotes the key', async () => {
    const credential = await newCredential();
    await open().save(credential);
    const good = readFileSync(file('credential.json'), 'utf8');
    const keyLine = credential.privateKeyPem.split('\n')[1] ?? '';
    const cases: Record<string, string> = {
      empty: '',
      'cut short': good.slice(0, -100),
      'not JSON': good.replace('{', ''),
      'a list': '[]',
      'another format': good.replace('qconn-credential/1', 'qconn-credential/9'),
      'a broken key': good.replace(keyLine, keyLine.slice(0, -8)),
      'no key': JSON.stringify({ ...JSON.parse(good), privateKeyPem: undefined }),
      'a key that is a number': JSON.stringify({ ...JSON.parse(good), privateKeyPem: 7 }),
      'no certificates': JSON.stringify({ ...JSON.parse(good), chainPem: [] }),
      'certificates that are no list': JSON.stringify({ ...JSON.parse(good), chainPem: credential.chainPem[0] }),
      'an http hub': good.replace('https://', 'http://'),
      'a port out of range': good.replace('4433', '443300'),
      'over the size limit': good + ' '.repeat(300 * 1024),
    };
    for (const [what, text] of Object.entries(cases)) {
      writeFileSync(file('credential.json'), text);
      const seen: unknown[] = [];
      const error: unknown = await open({ warn: (...told) => seen.push(...told) })
        .load()
        .catch((thrown: unknown) => thrown);
      expect(error, what).toMatchObject({ code: 'credential_damaged' });
      for (const told of [error, ...seen]) expect(describeFully(told), what).not.toContain(keyLine.slice(0, 20));
    }
  });

  test('by absence is a missing credential', async () => {
    await expect(open().load()).rejects.toMatchObject({ code: 'credential_missing' });
    await open().save(await newCredential());
    rmSync(file('credential.json'));
    await expect(open().load()).rejects.toMatchObject({ code: 'credential_missing' });
  });
});

describe('exposure', () => {
  test.each([
    ['a folder for the group', '', 0o750],
    ['a folder for all', '', 0o755],
    ['a file for the group', 'credential.json', 0o640],
    ['a file for all', 'credential.json', 0o604],
  ])('by the mode of %s is refused', async (_what, name, mode) => {
    await open().save(await newCredential());
    chmodSync(file(name), mode);
    await expect(open().load()).rejects.toMatchObject({ code: 'credential_exposed' });
    if (name === '')
      await expect(open().save(await newCredential())).rejects.toMatchObject({ code: 'credential_exposed' });
  });

  test('by a symbolic link is refused', async () => {
    await open().save(await newCredential());
    await nodeFs.rename(file('credential.json'), path.join(folder.base, 'elsewhere.json'));
    symlinkSync(path.join(folder.base, 'elsewhere.json'), file('credential.json'));
    await expect(open().load()).rejects.toMatchObject({ code: 'credential_exposed' });
  });

  test.runIf(existsSync('/proc/self'))('by a place where no folder can be made is an error', async () => {
    for (const place of ['/proc/qconn', '/proc/self/qconn/a'])
      await expect(new CredentialStore(place).save(await newCredential())).rejects.toMatchObject({
        code: 'credential_unwritable',
        cause: { code: 'ENOENT' },
      });
  });

  test('by a file in place of the folder, or a folder in place of the file, is refused', async () => {
    writeFileSync(folder.path, '', { mode: 0o600 });
    await expect(open().load()).rejects.toMatchObject({ code: 'credential_exposed' });
    rmSync(folder.path);
    await open().save(await newCredential());
    rmSync(file('credential.json'));
    await nodeFs.mkdir(file('credential.json'), { mode: 0o700 });
    await expect(open().load()).rejects.toMatchObject({ code: 'credential_exposed' });
  });

  test.runIf(isRoot)('by another owner is refused', async () => {
    await open().save(await newCredential());
    chmodSync(folder.base, 0o755);
    for (const name of ['', 'credential.json']) chownSync(file(name), 12_345, 12_345);
    expect(
      await asUser(12_345, async () =>
        open()
          .load()
          .then(() => 'loaded'),
      ),
    ).toBe('loaded');
    await expect(asUser(23_456, async () => open().load())).rejects.toMatchObject({
      code: 'credential_exposed',
      message: expect.stringContaining('belongs to user 12345, not to user 23456'),
    });
  });

  test.runIf(isRoot)('is not what it is called when the file may not be read at all', async () => {
    await open().save(await newCredential());
    chmodSync(folder.base, 0o755);
    chownSync(folder.path, 12_345, 12_345);
    await expect(asUser(12_345, async () => open().load())).rejects.toMatchObject({ code: 'credential_damaged' });
    chmodSync(folder.base, 0o700);
    await expect(asUser(12_345, async () => open().load())).rejects.toMatchObject({ code: 'credential_damaged' });
  });

  test.runIf(isRoot)('does not come from root, who leaves files to the owner of the folder', async () => {
    await open().save(await newCredential());
    chownSync(folder.path, 12_345, 12_345);
    await open().save(await newCredential());
    expect(statSync(file('credential.json')).uid).toBe(12_345);
  });
});

test('a disk that takes no more is an error of its own, and what was there stays', async () => {
  const credential = await newCredential();
  await open().save(credential);
  const { fs } = stoppingAfter(4);
  await expect(open({ fs }).save(await newCredential())).rejects.toMatchObject({ code: 'credential_unwritable' });
  expect(await open().load()).toEqual(credential);
});

/** Does something with another effective user, as far as the file system is concerned. */
async function asUser<T>(user: number, run: () => Promise<T>): Promise<T> {
  process.seteuid?.(user);
  try {
    return await run();
  } finally {
    process.seteuid?.(0);
  }
}

function describeFully(told: unknown): string {
  if (!(told instanceof Error)) return String(told);
  return `${told.stack ?? ''} ${JSON.stringify(told)} ${told.cause === undefined ? '' : describeFully(told.cause)}`;
}
