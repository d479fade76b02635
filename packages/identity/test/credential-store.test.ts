import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { exportPrivateKeyPem, exportSpki, formatCredential, inspectCredential, parseCredential } from '@qconn/identity';
import { createTestPki } from '@qconn/testkit';
import { describe, expect, test } from 'vitest';
import { credentialFolder, newCredential, stoppingAfter } from './credential-folder.ts';

const CHEAP = { logN: 10, r: 8, p: 1 };

const folder = credentialFolder();
const { open, file } = folder;
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe('a stored credential', () => {
  test('comes back whole, in a folder of mode 0700 and files of mode 0600', async () => {
    const credential = await newCredential();
    await open().save(credential);
    expect(await open().load()).toEqual(credential);
    expect(modeOf(folder.path)).toBe('700');
    for (const name of readdirSync(folder.path)) expect(modeOf(file(name)), name).toBe('600');
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
    const { keyPem, chainPem, issued } = await (await createTestPki()).machine();
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
    expect(existsSync(folder.path)).toBe(false);
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
    expect(await store.generations()).toMatchObject([
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
      rmSync(folder.path, { recursive: true, force: true });
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

  test('by two programs at once leaves one of the two, whole, and nothing else', async () => {
    const both = [await newCredential(), await newCredential()];
    const outcomes = await Promise.allSettled(both.map(async (credential) => open().save(credential)));
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'credential_unwritable' });
    expect(both).toContainEqual(await open().load());
    await open().save(await newCredential());
    expect(readdirSync(folder.path).toSorted()).toEqual(['credential.json', 'credential.previous.json']);
  });

  test('by two calls at once leaves one of the two, whole', async () => {
    const store = open();
    const both = [await newCredential(), await newCredential()];
    await Promise.all(both.map(async (credential) => store.save(credential)));
    expect(both).toContainEqual(await store.load());
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
    // The generation before is encrypted with it.
    for (const name of readdirSync(folder.path)) expect(readFileSync(file(name), 'utf8')).not.toMatch(/PRIVATE/);
  });

  test('of what lies in plain, or under a passphrase that changes, is finished after a crash at any point', async () => {
    const credential = await newCredential();
    const plain = open();
    await plain.save(credential);
    await plain.save(credential);
    const old = { passphrase: 'before', cost: CHEAP };
    await open(old).encrypt();
    const protection = { passphrase, cost: CHEAP };
    let crashes = 0;
    for (let done = false; !done; crashes++) {
      const { fs } = stoppingAfter(crashes);
      done = await open({ ...protection, fs })
        .encrypt(old.passphrase)
        .then(
          () => true,
          () => false,
        );
      // Whatever the moment, each file opens under one of the two.
      if (!done) await open(protection).encrypt(old.passphrase);
      expect(await open(protection).load()).toEqual(credential);
      if (!done) await open(old).encrypt(passphrase);
    }
    expect(crashes).toBeGreaterThan(5);
    expect(readdirSync(folder.path).toSorted()).toEqual(['credential.json', 'credential.previous.json']);
  });

  test('under a wrong passphrase changes nothing', async () => {
    await open({ passphrase: 'before', cost: CHEAP }).save(await newCredential());
    const before = readFileSync(file('credential.json'), 'utf8');
    await expect(open({ passphrase, cost: CHEAP }).encrypt('other')).rejects.toMatchObject({
      code: 'passphrase_wrong',
    });
    expect(readFileSync(file('credential.json'), 'utf8')).toBe(before);
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
    expect(readdirSync(folder.path)).toEqual(['credential.json']);
  });

  test('is a new one on demand, while the credential stays until it is replaced', async () => {
    const credential = await newCredential();
    await open().save(credential);
    const fresh = exportPrivateKeyPem((await open().keyPair({ fresh: true })).privateKey);
    expect(fresh).not.toBe(credential.privateKeyPem);
    expect(await open().load()).toEqual(credential);
    const again = exportPrivateKeyPem((await open().keyPair({ fresh: true })).privateKey);
    expect(again, 'a repeated enrolment is that of the same machine').toBe(fresh);
  });
});
