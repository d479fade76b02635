import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@qconn/clock';
import { CertificateAuthority } from '@qconn/identity';
import { openStore, type Store } from '@qconn/store';
import { createDatabase, type TestDatabase } from '@qconn/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadAuthority, readAuthority, saveAuthority } from '../../src/authority/authority-files.ts';
import { nextFolder } from '../../src/authority/authority-folders.ts';
import { HubAuthority } from '../../src/authority/hub-authority.ts';
import { renewIssuingIn } from '../../src/authority/renew-issuing.ts';

let database: TestDatabase;
let store: Store;
let folder: string;
const clock = new ManualClock(Date.now());
let now = Date.now();
/** Each later than the one before. */
const act = (): { actor: string; now: number } => ({ actor: 'test', now: ++now });

beforeAll(async () => {
  database = await createDatabase();
  store = await openStore({ url: database.url });
});

afterAll(async () => {
  await store.close();
  await database.drop();
});

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'qconn-ca-')), 'ca');
  await saveAuthority(folder, await CertificateAuthority.create({ name: 'Test', now: Date.now() }));
});

afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

/** As a hub that starts finds it. */
const open = (): Promise<HubAuthority> => HubAuthority.open({ store, clock, folder, passphrase: undefined });
const pins = ({ trust }: HubAuthority): string[] => trust.roots.map(({ pinHex }) => pinHex);

test('a restart after each step finds the rotation where it was', async () => {
  const first = await open();
  const old = first.issuing.rootPinHex;
  const { root } = await first.prepare(act());
  const prepared = await open();
  expect(pins(prepared)).toEqual([old, root]);
  expect([prepared.issuing.rootPinHex, prepared.serving.rootPinHex, prepared.vouching!.rootPinHex]).toEqual([
    old,
    old,
    root,
  ]);
  await prepared.activate({ renewWithinMs: 1, ...act() });
  const activated = await open();
  expect([activated.issuing.rootPinHex, activated.serving.rootPinHex, activated.vouching!.rootPinHex]).toEqual([
    root,
    old,
    root,
  ]);
  await activated.prune({ graceMs: 0, ...act() });
  const pruned = await open();
  expect(pins(pruned)).toEqual([root]);
  expect([pruned.issuing.rootPinHex, pruned.serving.rootPinHex, pruned.vouching]).toEqual([root, root, undefined]);
  expect(await readdir(folder)).not.toContain('next');
});

test('a preparation that did not reach the database leaves nothing in the way', async () => {
  const before = await open();
  await saveAuthority(nextFolder(folder), await CertificateAuthority.create({ now: Date.now() }));
  const after = await open();
  expect(pins(after)).toEqual(pins(before));
  const { root } = await after.prepare(act());
  expect(pins(await open())).toContain(root);
  await after.abort(act());
});

test('a crash between the database’s prune and the files, or within the files, is mended at the next start', async () => {
  const authority = await open();
  const { root } = await authority.prepare(act());
  await authority.activate({ renewWithinMs: 1, ...act() });
  // The database has ended the rotation, and not one file has followed.
  await store.rotations.prune({ graceMs: 0, ...act() });
  // Half a replacement: the journal is there, one file is new, one is old.
  const next = await readAuthority(nextFolder(folder));
  await writeFile(join(folder, 'replacement.json'), JSON.stringify(next), { mode: 0o600 });
  await writeFile(join(folder, 'issuing.key'), next.issuingKeyPem, { mode: 0o600 });
  const mended = await open();
  expect(pins(mended)).toEqual([root]);
  expect((await loadAuthority(folder)).rootPinHex).toBe(root);
  expect((await readdir(folder)).toSorted()).toEqual(['issuing.key', 'issuing.pem', 'root.key', 'root.pem']);
});

test('a folder that is older than the database is told of, and not overwritten', async () => {
  const authority = await open();
  await authority.prepare(act());
  await rm(nextFolder(folder), { recursive: true });
  await expect(open()).rejects.toMatchObject({ code: 'ca_unusable', message: expect.stringContaining('prepared') });
  await store.rotations.abort(act());
});

test('an activation is taken back before the rotation is', async () => {
  const authority = await open();
  const old = authority.issuing.rootPinHex;
  await authority.prepare(act());
  await authority.activate({ renewWithinMs: 1, ...act() });
  expect(await authority.abort(act())).toMatchObject({ phase: 'prepared' });
  expect(authority.issuing.rootPinHex).toBe(old);
  expect(pins(authority)).toHaveLength(2);
  expect(await authority.abort(act())).toMatchObject({ phase: 'aborted' });
  expect(pins(authority)).toEqual([old]);
  await expect(authority.abort(act())).rejects.toMatchObject({ code: 'invalid_state' });
});

test('an issuing CA that was renewed by hand, with a root key from elsewhere, is taken over while the hub runs', async () => {
  const authority = await open();
  const { issuingPin } = authority.issuing;
  expect(await authority.reload()).toBe(false);
  const rootKeyPem = await readFile(join(folder, 'root.key'), 'utf8');
  await rm(join(folder, 'root.key'));
  await expect(renewIssuingIn(folder, { passphrase: undefined, now: Date.now() })).rejects.toMatchObject({
    code: 'ca_unusable',
  });
  await renewIssuingIn(folder, { passphrase: undefined, now: Date.now(), rootKeyPem });
  let told = 0;
  authority.onChange(() => told++);
  expect(await authority.reload()).toBe(true);
  expect(told).toBe(1);
  expect(authority.issuing.issuingPin).not.toBe(issuingPin);
  expect(authority.issuing.holdsRootKey).toBe(false);
  expect(authority.issuers.map((one) => one.issuingPin)).toEqual([authority.issuing.issuingPin, issuingPin]);
  expect(await readdir(folder)).not.toContain('root.key');
});

test('the hub’s own certificate is of the new root when the old issuing CA has expired', async () => {
  const authority = await open();
  const { root } = await authority.prepare(act());
  const later = new ManualClock(authority.serving.issuingNotAfterMs + 1);
  const expired = await HubAuthority.open({ store, clock: later, folder, passphrase: undefined });
  expect(expired.serving.rootPinHex).toBe(root);
  expect(expired.vouching).toBeUndefined();
  await authority.abort(act());
});
