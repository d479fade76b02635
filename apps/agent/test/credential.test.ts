import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CredentialStore, parseCredential } from '@qconn/identity';
import { createTestPki } from '@qconn/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runAgent, type Ended } from './agent-process.ts';

const pki = await createTestPki();
const { keyPem, chainPem } = await pki.machine();
const credential = {
  privateKeyPem: keyPem,
  chainPem,
  trustBundlePem: [pki.rootPem],
  hub: { quic: [{ host: 'hub.example', port: 7443 }], https: 'https://hub.example:7443' },
};

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'qconn-agent-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => path.join(folder, name);

function passphrase(name: string, text: string): string {
  writeFileSync(at(name), `${text}\n`);
  return at(name);
}

async function run(command: string, name: string, ...args: string[]): Promise<Ended> {
  return runAgent(['credential', command, ...args, '--credentials', at(name)]);
}

function texts(name: string): string {
  return readdirSync(at(name))
    .map((file) => readFileSync(path.join(at(name), file), 'utf8'))
    .join('\n');
}

test('a credential moves to another folder, in plain with a warning, in a file that only its owner may read', async () => {
  await new CredentialStore(at('old')).save(credential);
  const exported = await run('export', 'old', at('export.json'));
  expect(exported).toMatchObject({ code: 0, stdout: '' });
  expect(exported.stderr).toContain('private key in plain');
  expect(statSync(at('export.json')).mode & 0o777).toBe(0o600);
  expect(await run('import', 'new', at('export.json'), '--json')).toMatchObject({ code: 0 });
  expect(await new CredentialStore(at('new')).load()).toEqual(credential);
  // A file that is there is not overwritten, nor a credential that can be used.
  expect((await run('export', 'old', at('export.json'))).stderr).toContain('exists already');
  expect((await run('import', 'new', at('export.json'))).stderr).toContain('already_enrolled');
  expect(await run('import', 'new', at('export.json'), '--force')).toMatchObject({ code: 0 });
});

test('an encrypted export opens with its passphrase only, and goes into an encrypted folder', async () => {
  await new CredentialStore(at('old')).save(credential);
  const [right, wrong] = [passphrase('right', 'Käse und Brot'), passphrase('wrong', 'Kase und Brot')];
  const exported = await run('export', 'old', at('export.json'), '--out-passphrase-file', right);
  expect(exported).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(at('export.json'), 'utf8')).not.toMatch(/PRIVATE|hub\.example/);
  for (const options of [[], ['--in-passphrase-file', wrong]]) {
    expect((await run('import', 'new', at('export.json'), ...options)).stderr).toContain('passphrase_wrong');
  }
  expect(readdirSync(folder)).not.toContain('new');
  const options = ['--in-passphrase-file', right, '--passphrase-file', wrong];
  expect(await run('import', 'new', at('export.json'), ...options)).toMatchObject({ code: 0 });
  expect(texts('new')).not.toMatch(/PRIVATE|hub\.example/);
  expect(await new CredentialStore(at('new'), { passphrase: 'Kase und Brot' }).load()).toEqual(credential);
});

test('what lay in plain is encrypted, then put under another passphrase; status asks for it', async () => {
  const store = new CredentialStore(at('machine'));
  await store.save(credential);
  const [first, second] = [passphrase('first', 'one'), passphrase('second', 'two')];
  expect((await run('encrypt', 'machine')).code).toBe(2);
  const encrypted = await run('encrypt', 'machine', '--passphrase-file', first, '--json');
  expect(JSON.parse(encrypted.stdout)).toMatchObject({
    encrypted: ['credential.json'],
  });
  expect(texts('machine')).not.toMatch(/PRIVATE|hub\.example/);
  const status = async (...args: string[]): Promise<Ended> =>
    runAgent(['status', '--credentials', at('machine'), ...args]);
  expect((await status()).stderr).toContain('passphrase_wrong');
  const changed = await run('encrypt', 'machine', '--passphrase-file', first, '--new-passphrase-file', second);
  expect(changed.stdout).toContain('credential.json');
  expect((await status('--passphrase-file', second)).stdout).toContain('hub.example');
});

test.each([
  ['nothing', ''],
  ['half of it', JSON.stringify({ format: 'qconn-credential/1', privateKeyPem: keyPem }).slice(0, 200)],
  ['something else', '{"format":"qconn-other/1"}'],
  ['a sealed text cut short', '{"format":"qconn-sealed/1","kdf":{"logN":16'],
  ['more than any credential has', ' '.repeat(300_000)],
])('an import of %s is refused, says so without quoting it, and leaves nothing behind', async (_, text) => {
  writeFileSync(at('export.json'), text);
  const { code, stderr } = await run('import', 'new', at('export.json'), '--in-passphrase-file', passphrase('p', 'x'));
  expect(code).toBe(1);
  expect(stderr).toContain('credential_damaged');
  expect(stderr).not.toContain('PRIVATE');
  expect(readdirSync(folder)).not.toContain('new');
});

test('a folder that others may read is refused before the passphrase is used', async () => {
  await new CredentialStore(at('machine')).save(credential);
  chmodSync(at('machine'), 0o750);
  const { code, stderr } = await run('export', 'machine', '-');
  expect(code).toBe(1);
  expect(stderr).toMatch(/credential_exposed.*0700|0750/s);
});

test('standard output takes an export that can be read again', async () => {
  await new CredentialStore(at('machine')).save(credential);
  expect(await parseCredential((await run('export', 'machine', '-')).stdout)).toEqual(credential);
});
