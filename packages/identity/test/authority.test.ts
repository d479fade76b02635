import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { isQconnError } from '@qconn/protocol';
import {
  BACKDATE_MAX_MS,
  CertificateAuthority,
  exportSpki,
  fingerprintOf,
  generateKeyPair,
  MACHINE_VALIDITY_MAX_MS,
  pinOfCertificate,
  type IssuedCertificate,
} from '@qconn/identity';
import { beforeAll, describe, expect, test } from 'vitest';
import { certtool, certtoolPresent, openssl, opensslPresent } from './second-opinion.ts';

const NOW = Date.now();
const DAY = 86_400_000;

let ca: CertificateAuthority;
let spki: Uint8Array;
let machine: IssuedCertificate;
let server: IssuedCertificate;

beforeAll(async () => {
  ca = await CertificateAuthority.create({ name: 'Test', now: NOW });
  spki = await exportSpki((await generateKeyPair()).publicKey);
  machine = await ca.issueMachine({ spki, now: NOW });
  server = await ca.issueServer({
    spki,
    hosts: ['Hub.example', '10.0.0.1', '2001:db8::1', '::', '::ffff:1.2.3.4'],
    now: NOW,
  });
});

/** Extensions as an independent reader sees them: type → [critical, text]. */
function extensionsOf(pem: string): Record<string, boolean> {
  return Object.fromEntries(new x509.X509Certificate(pem).extensions.map(({ type, critical }) => [type, critical]));
}

describe('profile', () => {
  test('of the root: CA with one CA below, keyCertSign and cRLSign, ten years', () => {
    const root = new x509.X509Certificate(ca.rootPem);
    expect(extensionsOf(ca.rootPem)).toEqual({ '2.5.29.19': true, '2.5.29.15': true, '2.5.29.14': false });
    expect(root.getExtension(x509.BasicConstraintsExtension)).toMatchObject({ ca: true, pathLength: 1 });
    expect(root.getExtension(x509.KeyUsagesExtension)?.usages).toBe(
      x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
    );
    expect(root.subject).toMatch(/^CN=Test root [2-9A-Z]{4}-[2-9A-Z]{4}$/);
    expect((root.notAfter.getTime() - NOW) / DAY).toBeCloseTo(3652.5, 0);
  });

  test('of the issuing CA: no CA below, TLS purposes only, one year, names its authority', () => {
    const [pem = ''] = ca.issuingChainPem;
    const issuing = new x509.X509Certificate(pem);
    const rootKeyId = new x509.X509Certificate(ca.rootPem).getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
    expect(extensionsOf(pem)).toEqual({
      '2.5.29.19': true,
      '2.5.29.15': true,
      '2.5.29.37': false,
      '2.5.29.14': false,
      '2.5.29.35': false,
    });
    expect(issuing.getExtension(x509.BasicConstraintsExtension)).toMatchObject({ ca: true, pathLength: 0 });
    expect(issuing.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId).toBe(rootKeyId);
    expect((issuing.notAfter.getTime() - NOW) / DAY).toBeCloseTo(365.25, 0);
  });

  test('of a machine: a TLS client named by its fingerprint, seven days', () => {
    const leaf = new x509.X509Certificate(machine.pem);
    const critical = { '2.5.29.19': true, '2.5.29.15': true };
    expect(extensionsOf(machine.pem)).toEqual({
      ...critical,
      '2.5.29.37': false,
      '2.5.29.17': false,
      '2.5.29.14': false,
      '2.5.29.35': false,
    });
    expect(leaf.getExtension(x509.BasicConstraintsExtension)).toMatchObject({ ca: false });
    expect(leaf.getExtension(x509.KeyUsagesExtension)?.usages).toBe(x509.KeyUsageFlags.digitalSignature);
    expect(leaf.getExtension(x509.ExtendedKeyUsageExtension)?.usages).toEqual([x509.ExtendedKeyUsage.clientAuth]);
    expect(leaf.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON()).toEqual([
      { type: 'url', value: `qconn:machine:${fingerprintOf(spki)}` },
    ]);
    expect(leaf.subject).toBe(`CN=${machine.fingerprint}`);
    expect(new X509Certificate(machine.pem).publicKey.export({ type: 'spki', format: 'der' })).toEqual(
      Buffer.from(spki),
    );
    expect(machine.notAfterMs - NOW).toBeLessThanOrEqual(7 * DAY);
    expect(machine.notAfterMs - NOW).toBeGreaterThan(7 * DAY - 1_000);
  });

  test('of a hub: a TLS server named by its hosts, thirty days', () => {
    const leaf = new x509.X509Certificate(server.pem);
    expect(leaf.getExtension(x509.ExtendedKeyUsageExtension)?.usages).toEqual([x509.ExtendedKeyUsage.serverAuth]);
    const seen = new X509Certificate(server.pem);
    expect(seen.checkHost('hub.example')).toBe('hub.example');
    for (const ip of ['10.0.0.1', '2001:db8::1', '::', '::ffff:1.2.3.4']) expect(seen.checkIP(ip), ip).toBe(ip);
    expect(seen.checkIP('10.0.0.2')).toBeUndefined();
    expect((server.notAfterMs - NOW) / DAY).toBeCloseTo(30, 1);
  });
});

test('serials are positive, 128 bits, all different, and read alike everywhere', async () => {
  const issued = await Promise.all(Array.from({ length: 64 }, async () => ca.issueMachine({ spki, now: NOW })));
  expect(new Set(issued.map(({ serial }) => serial)).size).toBe(64);
  for (const { serial, pem } of issued) {
    expect(serial).toMatch(/^[0-9a-f]{32}$/);
    expect(new X509Certificate(pem).serialNumber.toLowerCase()).toBe(serial);
  }
});

test('certificates begin between a minute and an hour ago, but not before their issuer', async () => {
  const later = NOW + 2 * DAY;
  for (const [validityMs, backdateMs] of [
    [60_000, 60_000],
    [3_600_000, 150_000],
    [7 * DAY, BACKDATE_MAX_MS],
  ] as const) {
    const { notBeforeMs } = await ca.issueMachine({ spki, now: later, validityMs });
    expect(later - notBeforeMs - backdateMs, `${validityMs}`).toBeGreaterThanOrEqual(0);
    expect(later - notBeforeMs - backdateMs, `${validityMs}`).toBeLessThan(1_000);
  }
  const [issuing = ''] = ca.issuingChainPem;
  const atOnce = await ca.issueMachine({ spki, now: NOW });
  expect(atOnce.notBeforeMs).toBeGreaterThanOrEqual(new X509Certificate(issuing).validFromDate.getTime());
});

test('dates from 2050 on are written as such and read back everywhere', async () => {
  const now = Date.UTC(2045, 5, 1);
  const late = await CertificateAuthority.create({ now });
  const root = new X509Certificate(late.rootPem);
  expect(root.validToDate.getTime()).toBe(late.rootNotAfterMs);
  expect(new Date(late.rootNotAfterMs).getUTCFullYear()).toBe(2055);
  expect(CertificateAuthority.load(late.toPem()).rootNotAfterMs).toBe(late.rootNotAfterMs);
});

test('a leaf never outlives its issuer, and a CA that has expired or not begun issues nothing', async () => {
  const end = ca.issuingNotAfterMs;
  const last = await ca.issueMachine({ spki, now: end - DAY });
  expect(last.notAfterMs).toBe(end);
  for (const now of [end, end + DAY, NOW - 2 * DAY]) {
    await expect(ca.issueMachine({ spki, now }), `${now}`).rejects.toMatchObject({ code: 'ca_unusable' });
  }
});

test('refuses a validity out of range and a key that is not P-256', async () => {
  for (const validityMs of [0, -1, 59_999, MACHINE_VALIDITY_MAX_MS + 1, Number.NaN, Infinity]) {
    await expect(ca.issueMachine({ spki, now: NOW, validityMs }), `${validityMs}`).rejects.toMatchObject({
      code: 'invalid_request',
    });
  }
  const offCurve = spki.slice();
  offCurve[spki.length - 1] = (offCurve.at(-1) ?? 0) ^ 1;
  for (const bad of [spki.subarray(1), new Uint8Array(91), offCurve]) {
    await expect(ca.issueMachine({ spki: bad, now: NOW })).rejects.toMatchObject({ code: 'csr_bad_key' });
  }
});

test.each([
  [''],
  ['a b'],
  ['*.example'],
  ['-a.example'],
  ['a..b'],
  ['a.example.'],
  ['1.2.3.256'],
  ['fe80::1%eth0'],
  ['hüb.example'],
  ['a\0.example'],
  ['x'.repeat(64)],
])('refuses the host %j', async (host) => {
  await expect(ca.issueServer({ spki, hosts: [host], now: NOW })).rejects.toMatchObject({ code: 'hostname_invalid' });
});

test('is the same CA after export and import', async () => {
  const loaded = CertificateAuthority.load(ca.toPem());
  expect(loaded.rootPin).toEqual(ca.rootPin);
  expect(loaded.rootPin).toEqual(pinOfCertificate(new X509Certificate(ca.rootPem).raw));
  expect(Buffer.from(ca.rootPinHex, 'hex')).toEqual(Buffer.from(ca.rootPin));
  const leaf = new X509Certificate((await loaded.issueMachine({ spki, now: NOW })).pem);
  const [issuing = ''] = ca.issuingChainPem;
  expect(leaf.verify(new X509Certificate(issuing).publicKey)).toBe(true);
});

test('issues without the root key, but then cannot renew its issuing CA', async () => {
  const { rootKeyPem: _away, ...pem } = ca.toPem();
  const online = CertificateAuthority.load(pem);
  expect(online.holdsRootKey).toBe(false);
  expect(ca.withoutRootKey().toPem()).toEqual(pem);
  await expect(online.issueMachine({ spki, now: NOW })).resolves.toMatchObject({ fingerprint: machine.fingerprint });
  await expect(online.renewIssuing({ now: NOW })).rejects.toMatchObject({ code: 'ca_unusable' });
  const renewed = await ca.renewIssuing({ now: NOW + DAY });
  expect(new X509Certificate(renewed.issuingChainPem[0] ?? '').subject).toMatch(/^CN=Test issuing CA /);
  expect(renewed.rootPin).toEqual(ca.rootPin);
  expect(renewed.issuingNotAfterMs).toBeGreaterThan(ca.issuingNotAfterMs);
});

test.each(['qconn', 'Größe - Söhne', '東京', 'a.b_c-d'])('a CA called %j keeps its name', async (name) => {
  const renewed = await (await CertificateAuthority.create({ name, now: NOW })).renewIssuing({ now: NOW });
  expect(new X509Certificate(renewed.issuingChainPem[0] ?? '').subject).toMatch(`CN=${name} issuing CA `);
});

test.each([[''], [' x'], ['x'.repeat(41)], ['a,CN=b'], ['a\0b'], ['a\u202eb'], ['a/b']])(
  'refuses to call a CA %j',
  async (name) => {
    await expect(CertificateAuthority.create({ name, now: NOW })).rejects.toMatchObject({ code: 'invalid_request' });
  },
);

test('refuses parts that do not belong together, and never quotes a key', async () => {
  const pem = ca.toPem();
  const other = (await CertificateAuthority.create({ now: NOW })).toPem();
  const leafPem = machine.pem;
  const cases: Record<string, Partial<typeof pem>> = {
    'issuing key of another CA': { issuingKeyPem: other.issuingKeyPem },
    'root key of another CA': { rootKeyPem: other.rootKeyPem ?? '' },
    'issuing certificate of another CA': { issuingPem: other.issuingPem, issuingKeyPem: other.issuingKeyPem },
    'root of another CA': { rootPem: other.rootPem, rootKeyPem: other.rootKeyPem ?? '' },
    'a leaf for an issuing CA': { issuingPem: leafPem + pem.issuingPem },
    'an issuing CA for a root': { rootPem: pem.issuingPem, rootKeyPem: pem.issuingKeyPem },
    'two roots': { rootPem: pem.rootPem + other.rootPem },
    'no certificate': { issuingPem: '' },
    'a broken certificate': { rootPem: pem.rootPem.replace('M', '!') },
    'a broken key': { issuingKeyPem: pem.issuingKeyPem.replace(/\n.{20}/, '\n') },
    'no key': { issuingKeyPem: 'hunter2' },
  };
  for (const [what, change] of Object.entries(cases)) {
    const error = catchError(() => CertificateAuthority.load({ ...pem, ...change }));
    expect(isQconnError(error, 'ca_unusable'), what).toBe(true);
    expect(`${String(error)} ${JSON.stringify(error)}`, what).not.toMatch(/hunter2|MIG|PRIVATE KEY-/);
  }
});

test.skipIf(!opensslPresent)('openssl verifies both chains for their purpose and for no other', () => {
  const [issuing = ''] = ca.issuingChainPem;
  const check = (leaf: string, purpose: string): string =>
    openssl(['verify', '-x509_strict', '-purpose', purpose, '-CAfile', '{root}', '-untrusted', '{issuing}', '{leaf}'], {
      root: ca.rootPem,
      issuing,
      leaf,
    });
  expect(check(machine.pem, 'sslclient')).toContain('OK');
  expect(check(server.pem, 'sslserver')).toContain('OK');
  expect(() => check(machine.pem, 'sslserver')).toThrow();
  expect(() => check(server.pem, 'sslclient')).toThrow();
});

test.skipIf(!opensslPresent)('openssl reads the profile as it is meant', () => {
  const text = openssl(['x509', '-in', '{leaf}', '-noout', '-text'], { leaf: machine.pem });
  expect(text).toContain('Version: 3');
  expect(text).toContain('Signature Algorithm: ecdsa-with-SHA256');
  expect(text).toContain('TLS Web Client Authentication');
  expect(text).toContain(`URI:qconn:machine:${machine.fingerprint}`);
  expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
  expect(text).toMatch(/Key Usage: critical\s+Digital Signature\n/);
});

test.skipIf(!certtoolPresent)('GnuTLS verifies both chains for their purpose and for no other', () => {
  const check = (chainPem: readonly string[], purpose: string): string =>
    certtool(
      [
        '--verify',
        `--verify-purpose=${purpose}`,
        '--verify-profile=high',
        '--load-ca-certificate',
        '{root}',
        '--infile',
        '{chain}',
      ],
      { root: ca.rootPem, chain: chainPem.join('') },
    );
  const [serverAuth, clientAuth] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
  expect(check(machine.chainPem, clientAuth)).toContain('Chain verification output: Verified');
  expect(check(server.chainPem, serverAuth)).toContain('Chain verification output: Verified');
  expect(() => check(machine.chainPem, serverAuth)).toThrow();
  expect(() => check(server.chainPem, clientAuth)).toThrow();
});

function catchError(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
