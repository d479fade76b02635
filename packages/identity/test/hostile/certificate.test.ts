import { X509Certificate } from 'node:crypto';
import * as fc from 'fast-check';
import { isQconnError, type ErrorCode } from '@qconn/protocol';
import {
  CERTIFICATE_MAX_BYTES,
  CertificateAuthority,
  ChainVerifier,
  fingerprintOf,
  fingerprintOfCertificate,
  inspectCertificate,
  TrustBundle,
  verifyChain,
  type PresentedChain,
} from '@qconn/identity';
import { createTestPki, malleableTwin, type TestPki } from '@qconn/testkit';
import { beforeAll, describe, expect, test } from 'vitest';
import { machineExtensions, machineUri, issuingExtensions, serverExtensions } from '../../src/authority/profile.ts';
import { oid, OID } from '../../src/der/oid.ts';
import { readDer } from '../../src/der/read.ts';
import { bitString, concat, context, sequence, smallInteger, TAG, tlv } from '../../src/der/write.ts';
import {
  caConstraint,
  caKeyUsage,
  extendedKeyUsage,
  extension,
  keyIdentifier,
  leafConstraint,
  leafKeyUsage,
  subjectAltName,
  type AltName,
  type Extension,
} from '../../src/x509/extensions.ts';
import { commonName } from '../../src/x509/name.ts';
import { encodePem } from '../../src/pem.ts';
import { ECDSA_SHA256, forgeCertificate, newKey, type CertificateForgery, type ForgedKey } from './forge.ts';

/** Root, issuing CA and a machine, all made here, so that every one of them can be wrong. */
const rootKey: ForgedKey = newKey();
const issuingKey: ForgedKey = newKey();
const key: ForgedKey = newKey();
const fingerprint = fingerprintOf(key.spki);

const rootName = commonName('root');
const issuingName = commonName('issuing');
const rootDer = forgeCertificate({
  key: rootKey,
  subject: rootName,
  issuer: rootName,
  extensions: [caConstraint(1), caKeyUsage()],
});
const roots = TrustBundle.parse(encodePem('CERTIFICATE', rootDer));

const forgeIssuing = (forgery: CertificateForgery = {}): Uint8Array =>
  forgeCertificate({
    key: issuingKey,
    subject: issuingName,
    issuer: rootName,
    signWith: rootKey,
    extensions: issuingExtensions(issuingKey.spki, keyIdentifier(rootKey.spki)),
    ...forgery,
  });
const issuingDer = forgeIssuing();

const forgeLeaf = (forgery: CertificateForgery = {}): Uint8Array => {
  const { spki } = forgery.key ?? key;
  const extensions = machineExtensions(spki, keyIdentifier(issuingKey.spki), fingerprintOf(spki));
  return forgeCertificate({ key, issuer: issuingName, signWith: issuingKey, extensions, ...forgery });
};
const goodLeaf = forgeLeaf();

/** The right extensions of a machine, with some left out or added. */
function extensionsWith(change: {
  purposes?: Extension;
  usage?: Extension | null;
  basic?: Extension | null;
  names?: readonly AltName[] | null;
  more?: readonly Extension[];
}): readonly Extension[] {
  const {
    purposes = extendedKeyUsage(OID.clientAuth),
    usage = leafKeyUsage(),
    basic = leafConstraint(),
    names = [{ uri: machineUri(fingerprint) }],
    more = [],
  } = change;
  return [basic, usage, purposes, names === null ? null : subjectAltName(names), ...more].filter((one) => one !== null);
}

type Forge = () => Partial<PresentedChain>;
const leaf =
  (forgery: CertificateForgery): Forge =>
  () => ({ leafDer: forgeLeaf(forgery) });
const leafBytes =
  (make: () => Uint8Array): Forge =>
  () => ({ leafDer: make() });
const withExtensions = (change: Parameters<typeof extensionsWith>[0]): Forge =>
  leaf({ extensions: extensionsWith(change) });
const issuing =
  (forgery: CertificateForgery): Forge =>
  () => ({ intermediatesDer: [forgeIssuing(forgery)] });

const DAY = 86_400_000;
const now = Date.now();
const p384 = newKey('P-384');
const rsa = newKey(2048);
const subCaKey = newKey();
const subCaName = commonName('sub');
const subCa = forgeCertificate({
  key: subCaKey,
  subject: subCaName,
  issuer: issuingName,
  signWith: issuingKey,
  extensions: [caConstraint(0), caKeyUsage()],
});
const otherRootKey = newKey();
const otherRoot = forgeCertificate({
  key: otherRootKey,
  subject: rootName,
  issuer: rootName,
  extensions: [caConstraint(1), caKeyUsage()],
});
const ecdsaSha1 = sequence(oid('1.2.840.10045.4.1'));

const CASES: readonly (readonly [string, Forge, ErrorCode])[] = [
  // Not a certificate
  ['nothing', leafBytes(() => new Uint8Array()), 'certificate_rejected'],
  ['noise', leafBytes(() => new Uint8Array(500).fill(0x30)), 'certificate_rejected'],
  ['the last octet missing', leafBytes(() => goodLeaf.subarray(0, -1)), 'certificate_rejected'],
  ['an octet behind it', leafBytes(() => concat([goodLeaf, Uint8Array.of(0)])), 'certificate_rejected'],
  [
    'a length that is not minimal',
    leafBytes(() => concat([Uint8Array.of(0x30, 0x83, 0), goodLeaf.subarray(2)])),
    'certificate_rejected',
  ],
  ['more octets than any', leafBytes(() => new Uint8Array(CERTIFICATE_MAX_BYTES + 1)), 'certificate_rejected'],
  ['a subject of a megabyte', leaf({ subject: commonName('x'.repeat(1 << 20)) }), 'certificate_rejected'],
  ['version 1', leaf({ version: new Uint8Array() }), 'certificate_rejected'],
  ['version 4', leaf({ version: context(0, smallInteger(3)) }), 'certificate_rejected'],
  [
    'no extensions',
    leafBytes(() => forgeCertificate({ key, issuer: issuingName, signWith: issuingKey })),
    'certificate_rejected',
  ],
  ['two signature algorithms', leaf({ innerAlgorithm: sequence(oid(OID.ecdsaWithSha384)) }), 'certificate_rejected'],
  ['an extension twice', withExtensions({ more: [leafKeyUsage()] }), 'certificate_rejected'],
  ['a negative serial number', leaf({ serial: tlv(TAG.integer, Uint8Array.of(0x87)) }), 'certificate_rejected'],
  [
    'a serial number of 21 octets',
    leaf({ serial: tlv(TAG.integer, new Uint8Array(21).fill(1)) }),
    'certificate_rejected',
  ],
  ['a date that is none', leafBytes(() => replaceText(goodLeaf, /\d{12}Z/, '991399999999Z')), 'certificate_rejected'],
  ['a date with an offset', leafBytes(() => replaceText(goodLeaf, /\d{12}Z/, '2601010000+01')), 'certificate_rejected'],
  ['something after the extensions', leaf({ extra: smallInteger(1) }), 'certificate_rejected'],
  [
    'key usage that is no bit string',
    withExtensions({ usage: extension(OID.keyUsage, true, smallInteger(1)) }),
    'certificate_rejected',
  ],
  [
    'names that are no DER',
    withExtensions({ names: null, more: [extension(OID.subjectAltName, false, Uint8Array.of(0x30, 0x80))] }),
    'certificate_rejected',
  ],
  // Not fit to be a machine's
  ['CA:TRUE', withExtensions({ basic: caConstraint(0) }), 'certificate_rejected'],
  [
    'a critical unknown extension',
    withExtensions({ more: [extension('1.2.3.4', true, sequence())] }),
    'certificate_rejected',
  ],
  [
    'critical name constraints',
    withExtensions({ more: [extension(OID.nameConstraints, true, sequence())] }),
    'certificate_rejected',
  ],
  ['no purpose', withExtensions({ purposes: extension('1.2.3.5', false, sequence()) }), 'certificate_rejected'],
  ['the purpose of a server', withExtensions({ purposes: extendedKeyUsage(OID.serverAuth) }), 'certificate_rejected'],
  ['any purpose', withExtensions({ purposes: extendedKeyUsage('2.5.29.37.0') }), 'certificate_rejected'],
  ['no key usage', withExtensions({ usage: null }), 'certificate_rejected'],
  [
    'a key that may not sign',
    withExtensions({ usage: extension(OID.keyUsage, true, tlv(TAG.bitString, Uint8Array.of(5, 0x20))) }),
    'certificate_rejected',
  ],
  ['no name', withExtensions({ names: null }), 'certificate_rejected'],
  [
    'another machine’s name',
    withExtensions({ names: [{ uri: machineUri(fingerprintOf(p384.spki)) }] }),
    'certificate_rejected',
  ],
  [
    'another machine’s name besides',
    withExtensions({ names: [{ uri: machineUri(fingerprint) }, { uri: machineUri(fingerprintOf(p384.spki)) }] }),
    'certificate_rejected',
  ],
  [
    'its name in capitals',
    withExtensions({ names: [{ uri: machineUri(fingerprint).toUpperCase() }] }),
    'certificate_rejected',
  ],
  ['its name with NUL', withExtensions({ names: [{ uri: `${machineUri(fingerprint)}\0` }] }), 'certificate_rejected'],
  ['its name as a DNS name', withExtensions({ names: [{ dns: machineUri(fingerprint) }] }), 'certificate_rejected'],
  ['a P-384 key', leaf({ key: p384 }), 'certificate_rejected'],
  ['an RSA key', leaf({ key: rsa }), 'certificate_rejected'],
  [
    'a compressed point',
    leaf({
      spki: sequence(
        sequence(oid(OID.ecPublicKey), oid(OID.p256)),
        bitString(Uint8Array.of(2, ...key.spki.subarray(-64, -32))),
      ),
    }),
    'certificate_rejected',
  ],
  // Not vouched for
  ['its own signature', leaf({ issuer: commonName('machine'), signWith: key }), 'certificate_untrusted'],
  ['its own signature under the issuer’s name', leaf({ signWith: key }), 'certificate_untrusted'],
  ['another key’s signature', leaf({ signWith: newKey() }), 'certificate_untrusted'],
  ['the issuer’s signature under another name', leaf({ issuer: commonName('somebody') }), 'certificate_untrusted'],
  [
    'a changed signature',
    leaf({ signature: (value) => value.map((octet, at) => (at === 12 ? octet ^ 1 : octet)) }),
    'certificate_untrusted',
  ],
  ['no signature', leaf({ signature: () => new Uint8Array() }), 'certificate_untrusted'],
  [
    'a signature of zeros',
    leaf({ signature: () => sequence(smallInteger(0), smallInteger(0)) }),
    'certificate_untrusted',
  ],
  ['SHA-1', leaf({ digest: 'sha1', algorithm: ecdsaSha1 }), 'certificate_untrusted'],
  ['SHA-1 declared as SHA-256', leaf({ digest: 'sha1' }), 'certificate_untrusted'],
  [
    'an algorithm of another key type',
    leaf({ algorithm: sequence(oid(OID.rsaWithSha256), tlv(TAG.null)) }),
    'certificate_untrusted',
  ],
  ['no issuer along', () => ({ intermediatesDer: [] }), 'certificate_untrusted'],
  ['an issuer that signed itself', issuing({ issuer: issuingName, signWith: issuingKey }), 'certificate_untrusted'],
  [
    'a root of the same name',
    () => ({ intermediatesDer: [forgeIssuing({ signWith: otherRootKey }), otherRoot] }),
    'certificate_untrusted',
  ],
  ['an issuer signed with SHA-1', issuing({ digest: 'sha1', algorithm: ecdsaSha1 }), 'certificate_untrusted'],
  ['an issuer without CA:TRUE', issuing({ extensions: [leafConstraint(), caKeyUsage()] }), 'certificate_untrusted'],
  ['an issuer without basic constraints', issuing({ extensions: [caKeyUsage()] }), 'certificate_untrusted'],
  [
    'an issuer without keyCertSign',
    issuing({ extensions: [caConstraint(0), leafKeyUsage()] }),
    'certificate_untrusted',
  ],
  [
    'another machine for an issuer',
    () => ({
      leafDer: forgeLeaf({ issuer: commonName('machine'), signWith: key }),
      intermediatesDer: [goodLeaf, issuingDer],
    }),
    'certificate_untrusted',
  ],
  [
    'a foreign leaf in front of a whole chain',
    () => ({ leafDer: forgeLeaf({ signWith: newKey() }), intermediatesDer: [goodLeaf, issuingDer, rootDer] }),
    'certificate_untrusted',
  ],
  // Vouched for by a CA that may not
  [
    'a CA below one that allows none',
    () => ({ leafDer: forgeLeaf({ issuer: subCaName, signWith: subCaKey }), intermediatesDer: [subCa, issuingDer] }),
    'certificate_rejected',
  ],
  [
    'an issuer for servers only',
    issuing({ extensions: [caConstraint(0), caKeyUsage(), extendedKeyUsage(OID.serverAuth)] }),
    'certificate_rejected',
  ],
  [
    'an issuer with a critical unknown extension',
    issuing({ extensions: [caConstraint(0), caKeyUsage(), extension('1.2.3.4', true, sequence())] }),
    'certificate_rejected',
  ],
  [
    'six others along',
    () => ({ intermediatesDer: Array.from({ length: 6 }, () => issuingDer) }),
    'certificate_rejected',
  ],
  // Not now
  ['an end in the past', leaf({ notBeforeMs: now - DAY, notAfterMs: now - 2_000 }), 'certificate_expired'],
  ['a start in the future', leaf({ notBeforeMs: now + 60_000 }), 'certificate_expired'],
  ['an end before its start', leaf({ notBeforeMs: now + DAY, notAfterMs: now - DAY }), 'certificate_expired'],
  ['an issuer that has ended', issuing({ notBeforeMs: now - DAY, notAfterMs: now - 2_000 }), 'certificate_expired'],
  [
    'an issuer that has not begun',
    issuing({ notBeforeMs: now + 60_000, notAfterMs: now + DAY }),
    'certificate_expired',
  ],
];

const chain = (change: Partial<PresentedChain> = {}): PresentedChain => ({
  leafDer: goodLeaf,
  intermediatesDer: [issuingDer],
  now,
  purpose: 'machine',
  ...change,
});

test('the certificate that all the others differ from is good', () => {
  expect(verifyChain({ ...chain(), roots })).toMatchObject({ fingerprint });
});

test.each(CASES)('a machine’s certificate with %s is refused', (_what, forge, code) => {
  const presented = chain(forge());
  expect(() => verifyChain({ ...presented, roots })).toThrow(expect.objectContaining({ name: 'QconnError', code }));
  // And no less when its issuer is known already.
  const verifier = new ChainVerifier(roots);
  verifier.verify(chain());
  expect(() => verifier.verify(presented)).toThrow(expect.objectContaining({ name: 'QconnError', code }));
});

test('noise that comes along is passed over, whether the issuer is known or not', () => {
  const verifier = new ChainVerifier(roots);
  for (const intermediatesDer of [
    [new Uint8Array(9), issuingDer],
    [issuingDer, new Uint8Array(CERTIFICATE_MAX_BYTES + 1)],
  ]) {
    expect(verifier.verify(chain({ intermediatesDer }))).toMatchObject({ fingerprint });
  }
});

test('the twin of a certificate is the same machine with the same serial: revoked is revoked', () => {
  const twin = malleableTwin(goodLeaf);
  expect(twin).not.toEqual(goodLeaf);
  const [original, other] = [goodLeaf, twin].map((leafDer) => verifyChain({ ...chain({ leafDer }), roots }));
  expect(other).toMatchObject({ fingerprint: original?.fingerprint, serial: original?.serial });
  expect(fingerprintOfCertificate(twin)).toBe(fingerprint);
});

test('a leaf is not taken for a hub by a name in its subject', () => {
  const leafDer = forgeLeaf({
    subject: commonName('hub.example'),
    extensions: serverExtensions(key.spki, keyIdentifier(issuingKey.spki), [{ dns: 'other.example' }]),
  });
  expect(() => verifyChain({ ...chain({ leafDer, purpose: 'server', host: 'hub.example' }), roots })).toThrow(
    expect.objectContaining({ code: 'hub_untrusted' }),
  );
});

describe('a server name', () => {
  test.each([
    ['a wildcard', '*.example', 'hub.example'],
    ['NUL', 'hub.example\0.evil.example', 'hub.example'],
    ['a name above it', 'example', 'hub.example'],
    ['an address as a name', '10.0.0.1', '10.0.0.1'],
  ])('with %s does not match', (_what, dns, host) => {
    const leafDer = forgeLeaf({ extensions: serverExtensions(key.spki, keyIdentifier(issuingKey.spki), [{ dns }]) });
    expect(() => verifyChain({ ...chain({ leafDer, purpose: 'server', host }), roots })).toThrow(
      expect.objectContaining({ code: 'hub_untrusted' }),
    );
  });
});

test('intermediates that all vouch for one another lead nowhere, and do not lead in circles', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const keyOfAll = newKey();
  const extensions = [caConstraint(9), caKeyUsage()];
  const same = commonName('same');
  const intermediatesDer = names.map((_name, index) =>
    forgeCertificate({ key: keyOfAll, serial: smallInteger(index + 1), subject: same, issuer: same, extensions }),
  );
  const leafDer = forgeLeaf({ issuer: same, signWith: keyOfAll });
  expect(() => verifyChain({ ...chain({ leafDer, intermediatesDer }), roots })).toThrow(
    expect.objectContaining({ code: 'certificate_untrusted' }),
  );
});

test('what we and OpenSSL both read from a damaged certificate is the same', () => {
  let read = 0;
  for (let at = 0; at < goodLeaf.length; at += 1) {
    const damaged = goodLeaf.map((octet, place) => (place === at ? octet ^ (1 << (at % 8)) : octet));
    try {
      const { serial, spki, notAfterMs } = inspectCertificate(damaged);
      const other = openWithOpenssl(damaged);
      if (other === undefined) continue; // A name of another shape, say: we do not read names, OpenSSL does.
      expect({ serial, notAfterMs }, `octet ${at}`).toEqual({
        serial: other.serialNumber.toLowerCase(),
        notAfterMs: other.validToDate.getTime(),
      });
      if (fingerprintOf(spki) !== fingerprint) continue; // A changed key, which OpenSSL may refuse to read.
      expect(new Uint8Array(other.publicKey.export({ type: 'spki', format: 'der' })), `octet ${at}`).toEqual(spki);
      read += 1;
    } catch (error) {
      if (!isQconnError(error, 'certificate_rejected')) throw error;
    }
  }
  expect(read).toBeGreaterThan(100);
});

test.each([
  ['31 November', '301131120000Z'],
  ['29 February of a year that has none', '310229120000Z'],
  ['a month 13', '301330120000Z'],
  ['24 o’clock', '301130240000Z'],
  ['a minute 60', '301130126000Z'],
  ['a leap second, which RFC 5280 has no room for', '301130120060Z'],
])('a certificate that ends on %s is rejected, and not read as ending on another day', (_what, wrong) => {
  const right = '301130120000Z';
  const bytes = Buffer.from(forgeLeaf({ notAfterMs: Date.UTC(2030, 10, 30, 12) }));
  const at = bytes.indexOf(right, 0, 'latin1');
  expect(inspectCertificate(bytes).notAfterMs).toBe(Date.UTC(2030, 10, 30, 12));
  bytes.write(wrong, at, 'latin1');
  expect(() => inspectCertificate(bytes)).toThrow(expect.objectContaining({ code: 'certificate_rejected' }));
});

describe('noise', () => {
  let pki: TestPki;
  beforeAll(async () => {
    pki = await createTestPki();
  });

  test('and damaged certificates end in an error of the table, whatever they are', () => {
    const damaged = fc
      .tuple(fc.nat({ max: goodLeaf.length - 1 }), fc.uint8Array({ maxLength: 8 }), fc.nat({ max: 8 }))
      .map(([at, bytes, removed]) => concat([goodLeaf.subarray(0, at), bytes, goodLeaf.subarray(at + removed)]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 700 }), damaged), (leafDer) => {
        try {
          verifyChain({ ...chain({ leafDer }), roots });
          expect(leafDer).toEqual(goodLeaf);
        } catch (error) {
          if (!isQconnError(error)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });

  test('in a CA’s files and in a trust bundle ends the same way', () => {
    const pem = pki.ca.toPem();
    const field = fc.constantFrom<'rootPem' | 'issuingPem' | 'issuingKeyPem' | 'rootKeyPem'>(
      'rootPem',
      'issuingPem',
      'issuingKeyPem',
      'rootKeyPem',
    );
    fc.assert(
      fc.property(field, fc.nat(), fc.string({ maxLength: 4 }), (name, place, noise) => {
        const original = pem[name] ?? '';
        const changed =
          original.slice(0, place % original.length) + noise + original.slice((place % original.length) + 1);
        for (const read of [
          (): unknown => CertificateAuthority.load({ ...pem, [name]: changed }),
          (): unknown => TrustBundle.parse(changed),
        ]) {
          try {
            read();
          } catch (error) {
            if (!isQconnError(error)) throw error;
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

test('every case is DER where it claims to be', () => {
  for (const der of [rootDer, issuingDer, goodLeaf, subCa, otherRoot]) expect(() => readDer(der)).not.toThrow();
  expect(ECDSA_SHA256).toHaveLength(12);
});

/** Replaces text of the same length within DER. */
function replaceText(der: Uint8Array, pattern: RegExp, replacement: string): Uint8Array {
  return new Uint8Array(Buffer.from(Buffer.from(der).toString('latin1').replace(pattern, replacement), 'latin1'));
}

function openWithOpenssl(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}
