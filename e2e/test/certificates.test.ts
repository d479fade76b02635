import { execFileSync } from 'node:child_process';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@qconn/client';
import { loadHubConfig, openHubAuthority } from '@qconn/hub';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site } from '../src/site.ts';

const MINUTE_MS = 60_000;

let site: Site;

beforeAll(async () => {
  site = await Site.open({ environment: { QCONN_HUB_CERTIFICATES_GRACE_MS: String(30 * MINUTE_MS) } });
});

afterAll(() => site.close());

const call = async <T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> =>
  (await site.api.call(method, path, body)) as T;

async function serialOnDisk(name: string): Promise<string> {
  const { chainPem } = await site.credentials(name).load();
  return new X509Certificate(chainPem[0] ?? '').serialNumber.toLowerCase().padStart(32, '0');
}

/** Makes the certificate that a machine holds one that has expired, as if it had been away. */
async function expire(name: string, agoMs: number): Promise<void> {
  const flags = { '--data': { path: 'dataFolder', value: join(site.folder, 'hub') } };
  const { issuing } = await openHubAuthority(loadHubConfig({ flags }), site.store);
  const store = site.credentials(name);
  const credential = await store.load();
  const spki = new Uint8Array(createPublicKey(credential.privateKeyPem).export({ type: 'spki', format: 'der' }));
  const now = Date.now() - agoMs - MINUTE_MS;
  const expired = await issuing.issueMachine({ spki, now, validityMs: MINUTE_MS });
  const { serial, issuer, der, fingerprint } = expired;
  const act = { actor: 'test', now: Date.now() };
  const row = { serial, issuer, der, notBefore: expired.notBeforeMs, notAfter: expired.notAfterMs };
  await site.store.credentials.add({ machine: fingerprint, credential: row, ...act });
  await site.store.credentials.revoke({ serial: await serialOnDisk(name), ...act });
  await store.save({ ...credential, chainPem: expired.chainPem });
}

test('a machine whose certificate has expired comes back by itself, with its name and its roles', async () => {
  const { fingerprint } = await site.enrol('sleeper');
  await site.authorize('sleeper', [{ effect: 'allow', verb: 'submit', serviceTypes: ['print'] }]);
  await expire('sleeper', 20 * MINUTE_MS);
  const client = await site.connect('sleeper');
  await client.connected({ phase: 'online' });
  expect(client.machine).toMatchObject({ fingerprint, hostname: 'sleeper', roles: ['sleeper-role'] });
  const { items } = await call<{ items: { act: string; after: object }[] }>(
    'GET',
    `/v1/audit?subject=${fingerprint}&limit=1`,
  );
  expect(items[0]).toMatchObject({
    act: 'credential.recover',
    after: { serial: await serialOnDisk('sleeper'), recoveries: 1 },
  });
  await client.close();
});

test('one that was away for longer than the grace period is pending again, and its name is free', async () => {
  const { fingerprint } = await site.enrol('stray');
  await site.authorize('stray', []);
  await expire('stray', 45 * MINUTE_MS);
  const client = await site.connect('stray');
  expect(client.machine).toMatchObject({ fingerprint, status: 'pending', hostname: undefined, roles: [] });
  // Approved anew, it goes on over the same connection.
  await call('POST', '/v1/machines/stray/approve', { roles: [] });
  await client.connected({ phase: 'online' });
  await client.close();
});

test('nobody recovers who was never enrolled, or is revoked', async () => {
  await expect(call('POST', '/v1/recover', { csr: 'AAAA' })).rejects.toMatchObject({ code: 'csr_malformed' });
  await site.enrol('banned');
  await site.authorize('banned', []);
  await expire('banned', 20 * MINUTE_MS);
  await call('POST', '/v1/machines/banned/revoke', {});
  await expect(site.connect('banned')).rejects.toMatchObject({ code: 'revoked' });
});

test('a revoked certificate ends its connection, is in the list, and leaves the machine its other one', async () => {
  const client: Client = await site.member('twice', [{ effect: 'allow', verb: 'submit', serviceTypes: ['print'] }]);
  const first = await serialOnDisk('twice');
  await client.renewNow();
  const second = await serialOnDisk('twice');
  const gone = (async () => {
    for await (const event of client.events())
      if (event.kind === 'phase' && event.phase === 'backing_off') return event.reason?.code;
    return undefined;
  })();
  await call('POST', `/v1/certificates/${first}/revoke`, { reason: 'copied' });
  expect(await gone).toBe('revoked');
  await expect.poll(() => client.phase).toBe('online');
  const { items: sessions } = await call<{ items: { hostname: string; credentialSerial: string }[] }>(
    'GET',
    '/v1/sessions',
  );
  expect(sessions.find(({ hostname }) => hostname === 'twice')?.credentialSerial).toBe(second);

  const listed = await call<{ items: { serial: string }[] }>('GET', '/v1/certificates?status=revoked&hostname=twice');
  expect(listed.items).toEqual([expect.objectContaining({ serial: first, hostname: 'twice', kind: 'machine' })]);
  await expect(call('POST', `/v1/certificates/${first}/revoke`, {})).rejects.toMatchObject({ code: 'invalid_state' });
  const crl = join(site.folder, 'crl.pem');
  await writeFile(crl, await site.api.text('/crl.pem'));
  const root = join(site.folder, 'root.pem');
  const issuing = join(site.folder, 'issuing.pem');
  const { rootPem } = await call<{ rootPem: string }>('GET', '/v1/hub');
  await writeFile(root, rootPem);
  await writeFile(issuing, (await site.credentials('twice').load()).chainPem[1] ?? '');
  const text = execFileSync('openssl', ['crl', '-in', crl, '-noout', '-text'], { encoding: 'utf8' });
  expect(text).toContain(first.toUpperCase().replace(/^0+/, ''));
  expect(text).not.toContain(second.toUpperCase().replace(/^0+/, ''));
  const { pem } = await call<{ pem: string }>('GET', `/v1/certificates/${first}`);
  const leaf = join(site.folder, 'leaf.pem');
  await writeFile(leaf, pem);
  const verify = ['verify', '-crl_check', '-CRLfile', crl, '-CAfile', root, '-untrusted', issuing, leaf];
  expect(() => execFileSync('openssl', verify, { stdio: 'pipe' })).toThrow(/certificate revoked/);
  await client.close();
});

test('the inventory has the hub’s own certificates too', async () => {
  const kinds = async (kind: string): Promise<unknown[]> =>
    (await call<{ items: unknown[] }>('GET', `/v1/certificates?kind=${kind}`)).items;
  expect(await kinds('root')).toHaveLength(1);
  expect(await kinds('issuing')).toHaveLength(1);
  expect(await kinds('server')).toEqual([
    expect.objectContaining({ machine: null, subject: expect.stringContaining('localhost'), status: 'live' }),
  ]);
  const issuing = await call<{ issuing: { serial: string } }>('POST', '/v1/ca/renew-issuing', {});
  expect(await kinds('issuing')).toContainEqual(expect.objectContaining({ serial: issuing.issuing.serial }));
  // Machines of the CA before go on, and its revocations are still told.
  expect((await site.api.text('/crl.pem')).match(/BEGIN X509 CRL/g)).toHaveLength(2);
  await (await site.connect('twice')).close();
});
