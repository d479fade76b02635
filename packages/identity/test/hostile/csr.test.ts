import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { isQconnError, type ErrorCode } from '@qconn/protocol';
import { CSR_MAX_BYTES, csrFromPem, fingerprintOf, verifyCsr } from '@qconn/identity';
import { malleableSignature } from '@qconn/testkit';
import { expect, test } from 'vitest';
import { oid, OID } from '../../src/der/oid.ts';
import { bitString, booleanTrue, concat, integer, sequence, set, smallInteger, TAG, tlv } from '../../src/der/write.ts';
import { caConstraint, extension, subjectAltName } from '../../src/x509/extensions.ts';
import { attribute, forgeCertificate, forgeRequest, newKey, rawName, utf8, type ForgedKey } from './forge.ts';

const key: ForgedKey = newKey();
const good: Uint8Array = forgeRequest({ key });
const point = key.spki.subarray(-65);

const spkiOf = (algorithm: Uint8Array, bits: Uint8Array): Uint8Array => sequence(algorithm, bits);
const p256Algorithm = sequence(oid(OID.ecPublicKey), oid(OID.p256));
const requested = (...extensions: Uint8Array[]): Uint8Array =>
  attribute('1.2.840.113549.1.9.14', sequence(...extensions));
const nested = (depth: number): Uint8Array =>
  Array.from({ length: depth }).reduce<Uint8Array>((inner) => sequence(inner), sequence());
const rsaSha256 = sequence(oid(OID.rsaWithSha256), tlv(TAG.null));

const CASES: readonly (readonly [string, () => Uint8Array, ErrorCode])[] = [
  // Not DER
  ['nothing', () => new Uint8Array(), 'csr_malformed'],
  ['one octet', () => Uint8Array.of(0x30), 'csr_malformed'],
  ['noise', () => Uint8Array.from({ length: 400 }, (_zero, index) => (index * 89) & 0xff), 'csr_malformed'],
  ['PEM where DER belongs', () => Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\n'), 'csr_malformed'],
  ['the last octet missing', () => good.subarray(0, -1), 'csr_malformed'],
  ['the second half missing', () => good.subarray(0, good.length / 2), 'csr_malformed'],
  ['an octet behind it', () => concat([good, Uint8Array.of(0)]), 'csr_malformed'],
  ['a second request behind it', () => concat([good, good]), 'csr_malformed'],
  ['a length of 4 GiB', () => Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0), 'csr_malformed'],
  ['a length of 127 octets', () => Uint8Array.of(0x30, 0xff, ...new Uint8Array(127)), 'csr_malformed'],
  [
    'an indefinite length',
    () => concat([Uint8Array.of(0x30, 0x80), good.subarray(4), Uint8Array.of(0, 0)]),
    'csr_malformed',
  ],
  ['a length that is not minimal', () => concat([Uint8Array.of(0x30, 0x83, 0), good.subarray(2)]), 'csr_malformed'],
  ['a tag of several octets', () => concat([Uint8Array.of(0x3f, 0x10), good.subarray(1)]), 'csr_malformed'],
  ['a thousand levels', () => nested(1_000), 'csr_malformed'],
  [
    'a subject of a megabyte',
    () => forgeRequest({ key, subject: rawName(new Uint8Array(1 << 20).fill(0x61)) }),
    'csr_malformed',
  ],
  ['one octet over the limit', () => new Uint8Array(CSR_MAX_BYTES + 1), 'csr_malformed'],
  // DER, but no request
  ['a certificate', () => forgeCertificate({ key, extensions: [] }), 'csr_malformed'],
  ['version 2', () => forgeRequest({ key, version: smallInteger(1) }), 'csr_malformed'],
  ['version −1', () => forgeRequest({ key, version: tlv(TAG.integer, Uint8Array.of(0xff)) }), 'csr_malformed'],
  ['a version of 256 bits', () => forgeRequest({ key, version: integer(new Uint8Array(32).fill(1)) }), 'csr_malformed'],
  [
    'a version in two octets',
    () => forgeRequest({ key, version: tlv(TAG.integer, Uint8Array.of(0, 0)) }),
    'csr_malformed',
  ],
  ['no attributes field', () => forgeRequest({ key, attributes: null }), 'csr_malformed'],
  ['something after the attributes', () => forgeRequest({ key, extra: smallInteger(1) }), 'csr_malformed'],
  ['a subject that is a string', () => forgeRequest({ key, subject: utf8('x') }), 'csr_malformed'],
  ['an unsorted set', () => forgeRequest({ key, subject: sequence(set(utf8('bb'), utf8('a'))) }), 'csr_malformed'],
  [
    'a signature of partial octets',
    () =>
      forgeRequest({ key, signature: () => new Uint8Array() }).map((octet, at, all) =>
        at === all.length - 1 ? 1 : octet,
      ),
    'csr_malformed',
  ],
  // Wrong keys
  ['RSA 512', () => forgeRequest({ key: newKey(512), algorithm: rsaSha256 }), 'csr_bad_key'],
  ['RSA 2048', () => forgeRequest({ key: newKey(2048), algorithm: rsaSha256 }), 'csr_bad_key'],
  ['P-384', () => forgeRequest({ key: newKey('P-384') }), 'csr_bad_key'],
  ['secp256k1, as long as P-256', () => forgeRequest({ key: newKey('secp256k1') }), 'csr_bad_key'],
  ['Ed25519', () => forgeRequest({ key: newKey('ed25519'), algorithm: sequence(oid('1.3.101.112')) }), 'csr_bad_key'],
  [
    'a compressed point',
    () => forgeRequest({ key, spki: spkiOf(p256Algorithm, bitString(Uint8Array.of(2, ...point.subarray(1, 33)))) }),
    'csr_bad_key',
  ],
  [
    'a hybrid point',
    () => forgeRequest({ key, spki: spkiOf(p256Algorithm, bitString(Uint8Array.of(6, ...point.subarray(1)))) }),
    'csr_bad_key',
  ],
  [
    'the point at infinity',
    () => forgeRequest({ key, spki: spkiOf(p256Algorithm, bitString(Uint8Array.of(0))) }),
    'csr_bad_key',
  ],
  [
    'a point off the curve',
    () => forgeRequest({ key, spki: spkiOf(p256Algorithm, bitString(new Uint8Array(65).fill(4))) }),
    'csr_bad_key',
  ],
  [
    'coordinates of zero',
    () => forgeRequest({ key, spki: spkiOf(p256Algorithm, bitString(Uint8Array.of(4, ...new Uint8Array(64)))) }),
    'csr_bad_key',
  ],
  [
    'coordinates over the field',
    () =>
      forgeRequest({ key, spki: spkiOf(p256Algorithm, bitString(Uint8Array.of(4, ...new Uint8Array(64).fill(0xff)))) }),
    'csr_bad_key',
  ],
  [
    'explicit curve parameters',
    () =>
      forgeRequest({ key, spki: spkiOf(sequence(oid(OID.ecPublicKey), sequence(smallInteger(1))), bitString(point)) }),
    'csr_bad_key',
  ],
  [
    'no curve',
    () => forgeRequest({ key, spki: spkiOf(sequence(oid(OID.ecPublicKey)), bitString(point)) }),
    'csr_bad_key',
  ],
  [
    'a key with something behind it',
    () => forgeRequest({ key, spki: sequence(p256Algorithm, bitString(point), smallInteger(0)) }),
    'csr_bad_key',
  ],
  // Wrong signatures
  ['another key’s signature', () => forgeRequest({ key, signWith: newKey() }), 'csr_bad_signature'],
  [
    'a changed signature',
    () => forgeRequest({ key, signature: (value) => value.map((octet, at) => (at === 20 ? octet ^ 1 : octet)) }),
    'csr_bad_signature',
  ],
  ['no signature', () => forgeRequest({ key, signature: () => new Uint8Array() }), 'csr_bad_signature'],
  [
    'a signature of zeros',
    () => forgeRequest({ key, signature: () => sequence(smallInteger(0), smallInteger(0)) }),
    'csr_bad_signature',
  ],
  [
    'a negative r',
    () => forgeRequest({ key, signature: () => sequence(tlv(TAG.integer, Uint8Array.of(0xff)), smallInteger(1)) }),
    'csr_bad_signature',
  ],
  [
    'a signature with something behind it',
    () => forgeRequest({ key, signature: (value) => concat([value, Uint8Array.of(0)]) }),
    'csr_bad_signature',
  ],
  [
    'SHA-1',
    () => forgeRequest({ key, digest: 'sha1', algorithm: sequence(oid('1.2.840.10045.4.1')) }),
    'csr_bad_signature',
  ],
  [
    'SHA-384 declared as such',
    () => forgeRequest({ key, digest: 'sha384', algorithm: sequence(oid(OID.ecdsaWithSha384)) }),
    'csr_bad_signature',
  ],
  ['SHA-1 declared as SHA-256', () => forgeRequest({ key, digest: 'sha1' }), 'csr_bad_signature'],
  [
    'algorithm parameters',
    () => forgeRequest({ key, algorithm: sequence(oid(OID.ecdsaWithSha256), tlv(TAG.null)) }),
    'csr_bad_signature',
  ],
  ['no algorithm', () => forgeRequest({ key, algorithm: sequence() }), 'csr_malformed'],
  // Asks for what the hub decides
  ['CA:TRUE', () => forgeRequest({ key, attributes: [requested(caConstraint(0))] }), 'csr_refused'],
  [
    'the hub’s own name',
    () => forgeRequest({ key, attributes: [requested(subjectAltName([{ dns: 'hub.example' }]))] }),
    'csr_refused',
  ],
  [
    'another machine’s name',
    () => forgeRequest({ key, attributes: [requested(subjectAltName([{ uri: 'qconn:machine:qc1x' }]))] }),
    'csr_refused',
  ],
  [
    'a critical unknown extension',
    () => forgeRequest({ key, attributes: [requested(extension('1.2.3.4', true, booleanTrue()))] }),
    'csr_refused',
  ],
  ['an empty extension request', () => forgeRequest({ key, attributes: [requested()] }), 'csr_refused'],
  [
    'Microsoft’s extension request',
    () => forgeRequest({ key, attributes: [attribute('1.3.6.1.4.1.311.2.1.14', sequence())] }),
    'csr_refused',
  ],
  ['an unknown attribute', () => forgeRequest({ key, attributes: [attribute('1.2.3.4', utf8('x'))] }), 'csr_refused'],
  [
    'an extension request behind a harmless attribute',
    () => forgeRequest({ key, attributes: [attribute(OID.challengePassword, utf8('x')), requested(caConstraint(0))] }),
    'csr_refused',
  ],
];

test.each(CASES)('a request with %s is refused', async (_what, forge, code) => {
  const der = forge();
  const before = process.memoryUsage().arrayBuffers;
  await expect(verifyCsr(der)).rejects.toMatchObject({ name: 'QconnError', code });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(512 * 1024);
});

test.each([
  ['NUL', 'lims\0.example'],
  ['a bidirectional override', 'lims\u202egnp.exe'],
  ['a homograph', 'lіms'],
  ['path traversal', '../../etc/passwd'],
  ['the hub’s name', 'hub.example'],
  ['markup', '<script>alert(1)</script>'],
])('a subject with %s changes nothing: it is not read', async (_what, subject) => {
  const request = forgeRequest({ key, subject: rawName(Buffer.from(subject)) });
  expect(await verifyCsr(request)).toEqual({ spki: key.spki, fingerprint: fingerprintOf(key.spki) });
});

test('what openssl adds when asked interactively is ignored', async () => {
  const attributes = [attribute(OID.challengePassword, utf8('hunter2'))];
  expect(await verifyCsr(forgeRequest({ key, attributes }))).toMatchObject({ fingerprint: fingerprintOf(key.spki) });
});

test('the twin of a signature gives the same machine', async () => {
  const twin = forgeRequest({ key, signature: malleableSignature });
  expect(await verifyCsr(twin)).toMatchObject({ fingerprint: fingerprintOf(key.spki) });
});

test('the verified key does not change with the buffer that it came in', async () => {
  const buffer = good.slice();
  const { spki } = await verifyCsr(buffer);
  buffer.fill(0);
  expect(spki).toEqual(key.spki);
});

test('noise and damaged requests end in an error of the table, whatever they are', async () => {
  const damaged = fc
    .tuple(fc.nat({ max: good.length - 1 }), fc.uint8Array({ maxLength: 8 }), fc.nat({ max: 8 }))
    .map(([at, bytes, removed]) => concat([good.subarray(0, at), bytes, good.subarray(at + removed)]));
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 600 }), damaged), async (der) => {
      const error: unknown = await verifyCsr(der).catch((thrown: unknown) => thrown);
      expect(isQconnError(error) || Buffer.from(good).equals(der)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['nothing', ''],
  ['text', 'hello'],
  ['a certificate', '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n'],
  ['no end', '-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n'],
  ['bad base64', '-----BEGIN CERTIFICATE REQUEST-----\nM*A=\n-----END CERTIFICATE REQUEST-----\n'],
  ['nothing inside', '-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n'],
  ['two requests', '-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n'.repeat(2)],
  ['a megabyte', '-----BEGIN CERTIFICATE REQUEST-----\n'.padEnd(1 << 20, 'A')],
])('PEM with %s is refused', (_what, pem) => {
  expect(() => csrFromPem(pem)).toThrow(expect.objectContaining({ code: 'csr_malformed' }));
});
