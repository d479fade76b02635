import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from '@qconn/identity';
import { expect, onTestFinished, test } from 'vitest';
import { loadEndpointSecret } from '../src/endpoint-secret.ts';

test('the endpoint’s secret is the same after a restart, and takes both the file and the CA', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'qconn-secret-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [ca, other] = await Promise.all(
    ['A', 'B'].map((name) => CertificateAuthority.create({ name, now: Date.now() })),
  );
  const secret = await loadEndpointSecret(folder, ca!);
  const path = join(folder, 'endpoint.secret');
  expect(secret).toHaveLength(32);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await loadEndpointSecret(folder, CertificateAuthority.load(ca!.toPem()))).toEqual(secret);
  expect(new Uint8Array(await readFile(path))).not.toEqual(secret);
  expect(await loadEndpointSecret(folder, other!)).not.toEqual(secret);
  await writeFile(path, 'too short');
  await expect(loadEndpointSecret(folder, ca!)).rejects.toMatchObject({ code: 'ca_unusable' });
});
