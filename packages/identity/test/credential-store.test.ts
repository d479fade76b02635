import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import * as nodeFs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CredentialStore,
  exportPrivateKeyPem,
  exportSpki,
  formatCredential,
  inspectCredential,
  parseCredential,
  type Credential,
  type CredentialStoreOptions,
} from '@qconn/identity';
import { createTestPki, type TestPki } from '@qconn/testkit';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const CHEAP = { logN: 10, r: 8, p: 1 };
const isRoot = process.geteuid?.() === 0;

let pki: TestPki;
let base: string;
let folder: string;

beforeAll(async () => {
  pki = await createTestPki();
});

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'qconn-credential-'));
  folder = join(base, 'machine');
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

async function newCredential(): Promise<Credential> {
  const { keyPem, chainPem } = await pki.machine();
  return {
    privateKeyPem: keyPem,
    chainPem,
    trustBundlePem: [pki.rootPem],
    hub: { quic: [{ host: 'hub.example', port: 4433 }], https: 'https://hub.example:8443/' },
  };
}

const open = (options: CredentialStoreOptions = {}): CredentialStore => new CredentialStore(folder, options);
const file = (name: string): string => join(folder, name);
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe('a stored credential', () => {
  test('comes back whole, in a folder of mode 0700 and files of mode 0600', async () => {
    const credential = await newCredential();
    await open().save(credential);
    expect(await open().load()).toEqual(credential);
    expect(modeOf(folder)).toBe('700');
    for (const name of readdirSync(folder)) expect(modeOf(file(name)), name).toBe('600');
  });

  test('is documented JSON that another program can read', async () => {
    const credential = await newCredential();
    await open().save(credential);
    expect(JSON.parse(readFileSync(file('credential.json'), 'utf8'))).toEqual({
      format: 'qconn-credential/1',
      ...credential,
    });
  });

  test('says who the machine is and until when', async () => {
    const { keyPem, chainPem, issued } = await pki.machine();
    const facts = await inspectCredential({ ...(await newCredential()), privateKeyPem: keyPem, chainPem });
    expect(facts).toEqual({
      fingerprint: issued.fingerprint,
      serial: issued.serial,
      notBeforeMs: issued.notBeforeMs,
      notAfterMs: issued.notAfterMs,
    });
  });

  test('is refused before anything is written when its parts do not belong together', async () => {
    const credential = await newCredential();
    const other = await newCredential();
    for (const change of [
      { privateKeyPem: other.privateKeyPem },
      { chainPem: [] },
      { trustBundlePem: [] },
      { trustBundlePem: credential.chainPem.slice(0, 1) },
    ]) {
      await expect(open().save({ ...credential, ...change })).rejects.toMatchObject({ code: 'credential_damaged' });
    }
    expect(existsSync(folder)).toBe(false);
  });
});

describe('renewal', () => {
  test('keeps the old credential until the new one is promoted, and the one before as a way back', async () => {
    const [first, second, third] = [await newCredential(), await newCredential(), await newCredential()];
    const store = open();
    await store.save(first);
    await store.stage(second);
    expect((await store.generations()).map(({ generation }) => generation)).toEqual(['next', 'current']);
    expect(await store.load()).toEqual(second);
    await store.promote();
    await store.promote();
    expect(await store.generations()).toEqual([
      { generation: 'current', credential: second },
      { generation: 'previous', credential: first },
    ]);
    await store.save(third);
    expect((await store.generations()).map(({ credential }) => credential)).toEqual([third, second]);
  });

  test('survives a crash at any point: a whole credential is left to load', async () => {
    const [old, renewed] = [await newCredential(), await newCredential()];
    let points = 0;
    for (let stopAt = 0; ; stopAt += 1) {
      folder = join(base, `crash-${stopAt}`);
      await open().save(old);
      const { fs, reached } = stoppingAfter(stopAt);
      const crashed = await open({ fs })
        .save(renewed)
        .then(
          () => false,
          () => true,
        );
      const loaded = await open().load();
      expect([old, renewed], `after ${reached.join(', ')}`).toContainEqual(loaded);
      // And the next renewal goes through over whatever was left lying around.
      const latest = await newCredential();
      await open().save(latest);
      expect(await open().load()).toEqual(latest);
      if (!crashed) break;
      points += 1;
    }
    expect(points).toBeGreaterThan(15);
  }, 20_000);

  test('that is written but never used is still there after a crash', async () => {
    const [old, renewed] = [await newCredential(), await newCredential()];
    await open().save(old);
    await open().stage(renewed);
    expect(await open().load()).toEqual(renewed);
  });

  test('by two calls at once leaves one of the two, whole', async () => {
    const store = open();
    const both = [await newCredential(), await newCredential()];
    await Promise.all(both.map(async (credential) => store.save(credential)));
    expect(both).toContainEqual(await store.load());
  });
});

describe('damage', () => {
  test('of the newest generation is reported and the one before is used', async () => {
    const [old, renewed] = [await newCredential(), await newCredential()];
    await open().save(old);
    await open().save(renewed);
    truncateSync(file('credential.json'), 100);
    const warnings: string[] = [];
    expect(await open({ warn: (message) => warnings.push(message) }).load()).toEqual(old);
    expect(warnings).toEqual([`The current credential in ${folder} is damaged.`]);
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
    await nodeFs.rename(file('credential.json'), join(base, 'elsewhere.json'));
    symlinkSync(join(base, 'elsewhere.json'), file('credential.json'));
    await expect(open().load()).rejects.toMatchObject({ code: 'credential_exposed' });
  });

  test('by a file in place of the folder, or a folder in place of the file, is refused', async () => {
    writeFileSync(folder, '', { mode: 0o600 });
    await expect(open().load()).rejects.toMatchObject({ code: 'credential_exposed' });
    rmSync(folder);
    await open().save(await newCredential());
    rmSync(file('credential.json'));
    await nodeFs.mkdir(file('credential.json'), { mode: 0o700 });
    await expect(open().load()).rejects.toMatchObject({ code: 'credential_exposed' });
  });

  test('by a link planted where the temporary file goes overwrites nothing', async () => {
    const credential = await newCredential();
    await open().save(credential);
    const victim = join(base, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, file('.credential.next.json.tmp'));
    await open().save(await newCredential());
    expect(readFileSync(victim, 'utf8')).toBe('precious');
  });

  test.runIf(isRoot)('does not come from root, who leaves files to the owner of the folder', async () => {
    await open().save(await newCredential());
    chownSync(folder, 12_345, 12_345);
    await open().save(await newCredential());
    expect(statSync(file('credential.json')).uid).toBe(12_345);
  });
});

describe('encryption', () => {
  const passphrase = 'Käse und Brot';

  test('keeps the key unreadable without the passphrase', async () => {
    const credential = await newCredential();
    await open({ passphrase, cost: CHEAP }).save(credential);
    expect(readFileSync(file('credential.json'), 'utf8')).not.toMatch(/PRIVATE|CERTIFICATE|hub\.example/);
    expect(await open({ passphrase: passphrase.normalize('NFD') }).load()).toEqual(credential);
    for (const wrong of [undefined, '', 'Kase und Brot']) {
      await expect(open({ passphrase: wrong }).load()).rejects.toMatchObject({ code: 'passphrase_wrong' });
    }
  });

  test('covers the key of an unfinished enrolment', async () => {
    await open({ passphrase, cost: CHEAP }).keyPair();
    expect(readFileSync(file('enrolment-key.pem'), 'utf8')).not.toContain('PRIVATE');
    await expect(open().keyPair()).rejects.toMatchObject({ code: 'passphrase_wrong' });
  });

  test('can be taken up later', async () => {
    const credential = await newCredential();
    await open().save(credential);
    const store = open({ passphrase, cost: CHEAP });
    await store.save(await store.load());
    await expect(open().load()).rejects.toMatchObject({ code: 'passphrase_wrong' });
  });
});

test('a credential is exported and imported as text, sealed or not', async () => {
  const credential = await newCredential();
  expect(await parseCredential(await formatCredential(credential))).toEqual(credential);
  const sealed = await formatCredential(credential, { passphrase: 'x', cost: CHEAP });
  expect(await parseCredential(sealed, { passphrase: 'x' })).toEqual(credential);
});

describe('the key', () => {
  test('of an enrolment that is repeated is the same', async () => {
    const first = await open().keyPair();
    const second = await open().keyPair();
    expect(await exportSpki(second.publicKey)).toEqual(await exportSpki(first.publicKey));
  });

  test('is the credential’s once there is one, and no other copy stays behind', async () => {
    await open().keyPair();
    const credential = await newCredential();
    await open().save(credential);
    expect(exportPrivateKeyPem((await open().keyPair()).privateKey)).toBe(credential.privateKeyPem);
    expect(readdirSync(folder)).toEqual(['credential.json']);
  });
});

test('a disk that takes no more is an error of its own, and what was there stays', async () => {
  const credential = await newCredential();
  await open().save(credential);
  const { fs } = stoppingAfter(4);
  await expect(open({ fs }).save(await newCredential())).rejects.toMatchObject({ code: 'credential_unwritable' });
  expect(await open().load()).toEqual(credential);
});

/** File operations of which the first `steps` succeed and every later one fails, as after a crash. */
function stoppingAfter(steps: number): { fs: typeof nodeFs; reached: string[] } {
  const reached: string[] = [];
  const guard = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, name): unknown {
        const value: unknown = Reflect.get(object, name);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]): Promise<unknown> => {
          const stopped = reached.length >= steps;
          const run = async (): Promise<unknown> => (value as (...all: unknown[]) => unknown).apply(object, args);
          // A process that dies closes its files.
          if (stopped && name === 'close') await run();
          if (stopped) throw new Error('crashed here');
          reached.push(String(name));
          const result = await run();
          return name === 'open' ? guard(result as object) : result;
        };
      },
    });
  return { fs: guard({ ...nodeFs }), reached };
}

function describeFully(told: unknown): string {
  if (!(told instanceof Error)) return String(told);
  return `${told.stack ?? ''} ${JSON.stringify(told)} ${told.cause === undefined ? '' : describeFully(told.cause)}`;
}
