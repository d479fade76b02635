import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import {
  createCsr,
  csrFromPem,
  exportPrivateKeyPem,
  exportSpki,
  fingerprintOf,
  generateKeyPair,
  importPrivateKeyPem,
  verifyCsr,
  type KeyPair,
} from '@qconn/identity';
import { beforeAll, expect, test } from 'vitest';
import { openssl, opensslPresent } from './second-opinion.ts';

let keys: KeyPair;
let spki: Uint8Array;

beforeAll(async () => {
  keys = await generateKeyPair();
  spki = await exportSpki(keys.publicKey);
});

test('a request proves the key and carries nothing else', async () => {
  const verified = await verifyCsr(await createCsr(keys));
  expect(verified).toEqual({ spki, fingerprint: fingerprintOf(spki) });
});

test('another library reads and verifies the request', async () => {
  const request = new x509.Pkcs10CertificateRequest((await createCsr(keys, { commonName: 'Drucker-PC 7' })).slice());
  expect(await request.verify()).toBe(true);
  expect(request.subject).toBe('CN=Drucker-PC 7');
  expect(request.attributes).toEqual([]);
});

test('a request of another library is accepted', async () => {
  const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=anything, O=at all',
    keys,
    signingAlgorithm,
  });
  expect(await verifyCsr(new Uint8Array(request.rawData))).toMatchObject({ fingerprint: fingerprintOf(spki) });
});

test.skipIf(!opensslPresent)('openssl verifies our request, and we its', async () => {
  const der = await createCsr(keys, { commonName: 'x' });
  expect(openssl(['req', '-inform', 'DER', '-in', '{csr}', '-verify', '-noout', '-text'], { csr: der })).toContain(
    'ecdsa-with-SHA256',
  );
  const pem = openssl(['req', '-new', '-key', '{key}', '-subj', '/CN=x'], {
    key: exportPrivateKeyPem(keys.privateKey),
  });
  expect(await verifyCsr(csrFromPem(pem))).toMatchObject({ fingerprint: fingerprintOf(spki) });
});

test.skipIf(!opensslPresent).each([
  ['RSA 2048', ['-newkey', 'rsa:2048'], 'csr_bad_key'],
  ['P-384', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'], 'csr_bad_key'],
  [
    'explicit parameters',
    ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-pkeyopt', 'ec_param_enc:explicit'],
    'csr_bad_key',
  ],
  ['SHA-1', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-sha1'], 'csr_bad_signature'],
  [
    'CA:TRUE',
    ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-addext', 'basicConstraints=critical,CA:TRUE'],
    'csr_refused',
  ],
  [
    'a host name',
    ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-addext', 'subjectAltName=DNS:hub.example'],
    'csr_refused',
  ],
])('a request that openssl makes with %s is refused', async (_what, args, code) => {
  const pem = openssl(['req', '-new', '-nodes', '-subj', '/CN=x', '-keyout', '{key}', ...args], { key: '' });
  await expect(verifyCsr(csrFromPem(pem))).rejects.toMatchObject({ code });
});

test('a key survives export and import', async () => {
  const imported = importPrivateKeyPem(exportPrivateKeyPem(keys.privateKey));
  expect(await exportSpki(imported.publicKey)).toEqual(spki);
  expect(await verifyCsr(await createCsr(imported))).toMatchObject({ fingerprint: fingerprintOf(spki) });
});

test('any flipped bit of a request is caught', async () => {
  const der = await createCsr(keys);
  const outcomes = await Promise.all(
    Array.from(der, async (_octet, at) => {
      const changed = der.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      return verifyCsr(changed).then(
        () => `accepted with a flipped bit in octet ${at}`,
        (error: unknown) => (error as { code?: string }).code,
      );
    }),
  );
  for (const outcome of outcomes) expect(outcome).toMatch(/^csr_/);
});
