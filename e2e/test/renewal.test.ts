import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { connect } from '@qconn/client';
import { createCsr, generateKeyPair } from '@qconn/identity';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site } from '../src/site.ts';

let site: Site;

beforeAll(async () => {
  // The shortest validity that there is: a minute, so that renewal is due within the test.
  site = await Site.open({ environment: { QCONN_HUB_CERTIFICATES_MACHINE_VALIDITY_MS: '60000' } });
});

afterAll(() => site.close());

test('a machine whose certificate is due renews it over the live connection and keeps its identity', async () => {
  const enrolment = await site.enrol('short-lived');
  const old = new X509Certificate((await site.credentials('short-lived').load()).chainPem[0] ?? '');
  const client = await site.connect('short-lived');
  const renewed = client.events();
  for await (const event of renewed) {
    if (event.kind !== 'renewed') continue;
    expect(event.expiresAt).toBeGreaterThan(old.validToDate.getTime());
    break;
  }
  const { chainPem } = await site.credentials('short-lived').load();
  expect(new X509Certificate(chainPem[0] ?? '').serialNumber).not.toBe(old.serialNumber);
  await client.close();
  const again = await connect({ credentials: site.credentials('short-lived'), agent: 'again/1' });
  expect((await again.connected()).fingerprint).toBe(enrolment.fingerprint);
  await again.close();
  // The welcome has proven the renewed credential, so it is the current one.
  expect(await readFile(join(site.folder, 'short-lived', 'credential.json'), 'utf8')).toContain(
    JSON.stringify(chainPem[0]).slice(1, -1),
  );
});

test('a renewal for another key is refused', async () => {
  await site.enrol('honest');
  const client = await site.connect('honest');
  await expect(client.renew(await createCsr(await generateKeyPair()))).rejects.toMatchObject({
    code: 'renewal_refused',
  });
  await expect(client.renew(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({ code: 'csr_malformed' });
  expect(client.phase).toBe('pending');
});
