import { execFileSync, spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from '@qconn/identity';
import { createDatabase } from '@qconn/testkit';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { loadAuthority, saveAuthority } from '../../src/authority/authority-files.ts';
import { readBroughtAuthority } from '../../src/authority/brought-authority.ts';
import { runHub } from './hub-command.ts';

const PASSPHRASE = 'correct horse battery staple';
const opensslPresent = spawnSync('openssl', ['version']).status === 0;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qconn-ca-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function newCa(passphrase?: string): Promise<CertificateAuthority> {
  const authority = await CertificateAuthority.create({ name: 'Test', now: Date.now() });
  await saveAuthority(join(folder, 'ca'), authority, passphrase);
  return authority;
}

test('show tells names, validity, pin and how the keys lie, without the passphrase', async () => {
  const authority = await newCa(PASSPHRASE);
  const { code, stdout } = await runHub(['ca', 'show', '--data', folder, '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    pin: authority.rootPinHex,
    root: {
      subject: expect.stringMatching(/^CN=Test root /),
      notAfter: new Date(authority.rootNotAfterMs).toISOString(),
      key: 'encrypted',
    },
    issuing: { notAfter: new Date(authority.issuingNotAfterMs).toISOString(), key: 'encrypted' },
  });
  const people = await runHub(['ca', 'show', '--data', folder]);
  expect(people.stdout).toContain('key here, encrypted');
  const empty = await runHub(['ca', 'show', '--data', join(folder, 'none')]);
  expect(empty).toMatchObject({ code: 1, stderr: expect.stringContaining('not_initialised') });
});

test('the root’s key is taken offline, and only if it can be opened', async () => {
  const authority = await newCa(PASSPHRASE);
  const file = join(folder, 'offline.key');
  const args = ['ca', 'export', '--data', folder, '--root-key', file, '--remove'];
  const wrong = await runHub(args, { QCONN_HUB_CA_PASSPHRASE: 'another' });
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('passphrase_wrong') });
  expect(await readdir(join(folder, 'ca'))).toContain('root.key');
  const passphraseFile = join(folder, 'passphrase');
  await writeFile(passphraseFile, `${PASSPHRASE}\n`);
  const environment = { QCONN_HUB_CA_PASSPHRASE_FILE: passphraseFile };
  expect(await runHub(args, environment)).toMatchObject({ code: 0, stderr: '' });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(folder, 'ca'))).not.toContain('root.key');
  expect((await loadAuthority(join(folder, 'ca'), PASSPHRASE)).holdsRootKey).toBe(false);
  expect(await runHub(args, environment)).toMatchObject({ code: 1, stderr: expect.stringContaining('is not in') });
  // Put back, it is the same CA again.
  await writeFile(join(folder, 'ca', 'root.key'), await readFile(file), { mode: 0o600 });
  expect((await loadAuthority(join(folder, 'ca'), PASSPHRASE)).toPem()).toEqual(authority.toPem());
});

test('a file that is there is not overwritten, and the key stays', async () => {
  await newCa();
  const file = join(folder, 'there');
  await writeFile(file, 'mine');
  const { code, stderr } = await runHub(['ca', 'export', '--data', folder, '--root-key', file, '--remove']);
  expect(code).toBe(1);
  expect(stderr).toContain('exists already');
  expect(await readFile(file, 'utf8')).toBe('mine');
  expect(await readdir(join(folder, 'ca'))).toContain('root.key');
});

test('encrypt needs a passphrase, and works on a CA that was made without', async () => {
  const authority = await newCa();
  const args = ['ca', 'encrypt', '--data', folder, '--json'];
  expect(await runHub(args)).toMatchObject({ code: 2, stderr: expect.stringContaining('ca.passphraseFile') });
  const { code, stdout } = await runHub(args, { QCONN_HUB_CA_PASSPHRASE: PASSPHRASE });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ encrypted: ['root.key', 'issuing.key'] });
  expect((await loadAuthority(join(folder, 'ca'), PASSPHRASE)).toPem()).toEqual(authority.toPem());
  const next = join(folder, 'next');
  await writeFile(next, 'another\n');
  const changed = await runHub([...args, '--new-passphrase-file', next], { QCONN_HUB_CA_PASSPHRASE: PASSPHRASE });
  expect(JSON.parse(changed.stdout)).toEqual({ encrypted: ['root.key', 'issuing.key'] });
  expect((await loadAuthority(join(folder, 'ca'), 'another')).toPem()).toEqual(authority.toPem());
});

test.skipIf(!opensslPresent)('openssl verifies what is exported, and knows the key', async () => {
  await newCa();
  const [root, chain, key] = [join(folder, 'root.pem'), join(folder, 'chain.pem'), join(folder, 'root.key')];
  await writeFile(root, (await runHub(['ca', 'export', '--data', folder])).stdout);
  await writeFile(chain, (await runHub(['ca', 'export', '--chain', '--data', folder])).stdout);
  await runHub(['ca', 'export', '--root-key', key, '--data', folder]);
  expect(execFileSync('openssl', ['verify', '-x509_strict', '-CAfile', root, chain], { encoding: 'utf8' })).toContain(
    'OK',
  );
  const publicKey = createPublicKey(createPrivateKey(await readFile(key, 'utf8')));
  expect(new X509Certificate(await readFile(root)).publicKey.equals(publicKey)).toBe(true);
});

test.skipIf(!opensslPresent)('init takes an issuing CA that openssl made', async () => {
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const ca = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n';
  await writeFile(file('ca.cnf'), `[req]\ndistinguished_name=dn\n[dn]\n[ca]\n${ca}`);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-config', 'ca.cnf'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'r.key',
    '-out',
    'r.pem',
    '-subj',
    '/CN=Corp Root',
    '-extensions',
    'ca',
  );
  openssl('req', ...newKey, '-keyout', 'i.key', '-out', 'i.csr', '-subj', '/CN=Corp qconn');
  const signing = ['-CA', 'r.pem', '-CAkey', 'r.key', '-CAcreateserial', '-extfile', 'ca.cnf', '-extensions', 'ca'];
  openssl('x509', '-req', '-in', 'i.csr', '-out', 'i.pem', '-days', '20', ...signing);
  const data = file('data');
  const some = ['init', '--data', data, '--issuing-cert', file('i.pem'), '--root', file('r.pem')];
  expect(await runHub(some)).toMatchObject({ code: 2, stderr: expect.stringContaining('--issuing-key') });
  const wrongKey = await runHub([...some, '--issuing-key', file('r.key')]);
  expect(wrongKey).toMatchObject({ code: 1, stderr: expect.stringContaining('does not belong to its certificate') });
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const { code, stderr } = await runHub([...some, '--issuing-key', file('i.key')], {
    DATABASE_URL: database.url,
    QCONN_HUB_CA_PASSPHRASE: PASSPHRASE,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const shown = JSON.parse((await runHub(['ca', 'show', '--data', data, '--json'])).stdout) as object;
  expect(shown).toMatchObject({
    root: { subject: 'CN=Corp Root', key: 'absent' },
    issuing: { subject: 'CN=Corp qconn', key: 'encrypted' },
  });
});

test('a brought CA that has expired is refused before anything is made', async () => {
  const made = Date.now() - 400 * 86_400_000;
  const { rootPem, issuingPem, issuingKeyPem } = (await CertificateAuthority.create({ now: made })).toPem();
  const files = { root: join(folder, 'r'), issuingCert: join(folder, 'i'), issuingKey: join(folder, 'k') };
  await writeFile(files.root, rootPem);
  await writeFile(files.issuingCert, issuingPem);
  await writeFile(files.issuingKey, issuingKeyPem);
  await expect(readBroughtAuthority(files, Date.now())).rejects.toMatchObject({ code: 'ca_unusable' });
  expect(await readBroughtAuthority(files, made + 1)).toBeInstanceOf(CertificateAuthority);
  expect(await readBroughtAuthority({}, made)).toBeUndefined();
});

test('a CA is made by itself, its issuing CA renewed with a root key that is kept elsewhere', async () => {
  const made = await runHub(['ca', 'create', '--name', 'Lab', '--data', folder, '--json']);
  expect(made.code).toBe(0);
  const again = await runHub(['ca', 'create', '--data', folder]);
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('already_initialised') });
  const before = await loadAuthority(join(folder, 'ca'));
  expect(JSON.parse(made.stdout)).toMatchObject({ pin: before.rootPinHex });
  const rootKey = join(folder, 'root.key');
  await writeFile(rootKey, await readFile(join(folder, 'ca', 'root.key'), 'utf8'));
  await rm(join(folder, 'ca', 'root.key'));
  const without = await runHub(['ca', 'renew-issuing', '--data', folder]);
  expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining('ca_unusable') });
  expect((await runHub(['ca', 'renew-issuing', '--root-key', rootKey, '--data', folder])).code).toBe(0);
  const after = await loadAuthority(join(folder, 'ca'));
  expect(after.rootPem).toBe(before.rootPem);
  expect(after.issuingPin).not.toBe(before.issuingPin);
  expect(await readdir(join(folder, 'ca'))).not.toContain('root.key');
});
