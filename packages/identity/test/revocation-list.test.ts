import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { createTestPki, type TestIdentity, type TestPki } from '@qconn/testkit';
import { beforeAll, expect, test } from 'vitest';
import { certtool, certtoolPresent, openssl, opensslPresent } from './second-opinion.ts';

const HOUR = 3_600_000;
const NOW = Math.floor(Date.now() / 1_000) * 1_000;

let pki: TestPki;
let revoked: TestIdentity;
let good: TestIdentity;

beforeAll(async () => {
  pki = await createTestPki({ now: NOW });
  [revoked, good] = [await pki.machine(), await pki.machine()];
});

const issue = async (serials: readonly string[]): Promise<{ der: Uint8Array; pem: string }> =>
  pki.ca.issueRevocationList({
    number: 7,
    thisUpdateMs: NOW - HOUR,
    nextUpdateMs: NOW + HOUR,
    revoked: serials.map((serial) => ({ serial, revokedAtMs: NOW - 2 * HOUR, reason: 'keyCompromise' })),
  });

test('another library reads the list and its signature', async () => {
  const { pem } = await issue([revoked.serial]);
  const list = new x509.X509Crl(pem.replaceAll('X509 CRL', 'CRL'));
  const [issuing = ''] = pki.ca.issuingChainPem;
  expect(await list.verify({ publicKey: new x509.X509Certificate(issuing) })).toBe(true);
  expect(list.thisUpdate.getTime()).toBe(NOW - HOUR);
  expect(list.nextUpdate?.getTime()).toBe(NOW + HOUR);
  expect(list.findRevoked(revoked.serial)).toMatchObject({ reason: x509.X509CrlReason.keyCompromise });
  expect(list.findRevoked(good.serial)).toBeNull();
});

test('a list without entries is a list', async () => {
  const list = new x509.X509Crl((await issue([])).der.slice());
  expect(list.entries).toEqual([]);
});

test('refuses what is not a serial number', async () => {
  for (const serial of ['', 'xyz', '0x1', 'abc', 'AB', '00'.repeat(21)])
    await expect(issue([serial]), serial).rejects.toThrow(RangeError);
});

test.skipIf(!opensslPresent)('openssl finds the revoked certificate in it, and only that', async () => {
  const { pem } = await issue([revoked.serial]);
  const [issuing = ''] = pki.ca.issuingChainPem;
  const check = (leaf: string): string =>
    openssl(['verify', '-crl_check', '-CAfile', '{trusted}', '-CRLfile', '{crl}', '{leaf}'], {
      trusted: pki.rootPem + issuing,
      crl: pem,
      leaf,
    });
  expect(check(good.certificatePem)).toContain('OK');
  expect(() => check(revoked.certificatePem)).toThrow(/revoked/);
});

test.skipIf(!certtoolPresent)('GnuTLS verifies the list', async () => {
  const { pem } = await issue([revoked.serial]);
  const [issuing = ''] = pki.ca.issuingChainPem;
  const output = certtool(['--verify-crl', '--load-ca-certificate', '{issuing}', '--infile', '{crl}'], {
    issuing,
    crl: pem,
  });
  expect(output).toContain('Verified');
});
