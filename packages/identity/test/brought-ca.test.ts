import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import {
  CertificateAuthority,
  exportSpki,
  generateKeyPair,
  TrustBundle,
  verifyChain,
  type AuthorityPem,
} from '@qconn/identity';
import { expect, test } from 'vitest';

const NOW = Date.now();
const DAY = 86_400_000;

const EC384 = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
const EC256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const rsa = (modulusLength: number, hash = 'SHA-256'): object => ({
  name: 'RSASSA-PKCS1-v1_5',
  hash,
  modulusLength,
  publicExponent: Uint8Array.of(1, 0, 1),
});

interface Ca {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly algorithm: object;
}

const ALLOWED = [new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true)];

/** A CA as a company's own PKI would make it, signed by another or by itself. */
async function foreignCa(
  name: string,
  algorithm: object,
  issuer?: Ca,
  extensions: x509.Extension[] = [new x509.BasicConstraintsExtension(true, undefined, true), ...ALLOWED],
): Promise<Ca> {
  const keys = await webcrypto.subtle.generateKey(algorithm as webcrypto.EcKeyGenParams, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '01',
    subject: `O=Example AG, CN=${name}`,
    issuer: issuer?.certificate.subject ?? `O=Example AG, CN=${name}`,
    notBefore: new Date(NOW - DAY),
    notAfter: new Date(NOW + 90 * DAY),
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: (issuer?.algorithm ?? algorithm) as webcrypto.EcdsaParams,
    extensions: [...extensions, await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)],
  });
  return { certificate, keys, algorithm };
}

async function keyPem({ keys }: Ca): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
}

async function brought(root: Ca, ...issuing: [Ca, ...Ca[]]): Promise<AuthorityPem> {
  return {
    rootPem: root.certificate.toString('pem'),
    issuingKeyPem: await keyPem(issuing[0]),
    issuingPem: issuing.map(({ certificate }) => certificate.toString('pem')).join('\n'),
  };
}

test.each([
  ['RSA root, P-256 intermediate', rsa(2048), EC256],
  ['P-384 root, P-384 intermediate', EC384, EC384],
  ['P-384 root, RSA intermediate', EC384, rsa(2048)],
])('issues below a brought CA: %s', async (_what, rootAlgorithm, issuingAlgorithm) => {
  const root = await foreignCa('Root', rootAlgorithm);
  const policy = await foreignCa('Policy', EC256, root);
  const issuing = await foreignCa('qconn', issuingAlgorithm, policy);
  const ca = CertificateAuthority.load(await brought(root, issuing, policy));
  const spki = await exportSpki((await generateKeyPair()).publicKey);
  const issued = await ca.issueMachine({ spki, now: NOW });
  const [leafDer = new Uint8Array(), ...intermediatesDer] = issued.chainPem.map(
    (pem) => new Uint8Array(new x509.X509Certificate(pem).rawData),
  );
  const roots = TrustBundle.parse(ca.rootPem);
  expect(intermediatesDer).toHaveLength(2);
  expect(verifyChain({ leafDer, intermediatesDer, roots, now: NOW, purpose: 'machine' })).toMatchObject({
    fingerprint: issued.fingerprint,
  });
  expect(ca.holdsRootKey).toBe(false);
});

test('refuses a brought CA that could not work, and says why', async () => {
  const root = await foreignCa('Root', EC256);
  const limited = (...extensions: x509.Extension[]): x509.Extension[] => [
    new x509.BasicConstraintsExtension(true, undefined, true),
    ...ALLOWED,
    ...extensions,
  ];
  const cases: [string, Ca, RegExp][] = [
    [
      'not a CA',
      await foreignCa('x', EC256, root, [new x509.BasicConstraintsExtension(false, undefined, true)]),
      /may not sign/,
    ],
    ['no basic constraints', await foreignCa('x', EC256, root, ALLOWED), /may not sign/],
    [
      'no keyCertSign',
      await foreignCa('x', EC256, root, [
        new x509.BasicConstraintsExtension(true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.cRLSign, true),
      ]),
      /may not sign/,
    ],
    [
      'servers only',
      await foreignCa(
        'x',
        EC256,
        root,
        limited(new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth])),
      ),
      /TLS clients and servers/,
    ],
    [
      'name constraints',
      await foreignCa('x', EC256, root, limited(new x509.Extension('2.5.29.30', true, Uint8Array.of(0x30, 0)))),
      /critical extension 2\.5\.29\.30/,
    ],
    ['a small RSA key', await foreignCa('x', rsa(1024), root), /P-256, ECDSA P-384 or RSA/],
    [
      'a curve of another kind',
      await foreignCa('x', { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' }, root),
      /P-256, ECDSA P-384 or RSA/,
    ],
  ];
  for (const [what, issuing, message] of cases) {
    const pem = await brought(root, issuing);
    expect(() => CertificateAuthority.load(pem), what).toThrow(
      expect.objectContaining({ code: 'ca_unusable', message: expect.stringMatching(message) }),
    );
  }
  const sha1Root = await foreignCa('Root', rsa(2048, 'SHA-1'));
  const sha1 = await brought(sha1Root, await foreignCa('x', EC256, sha1Root));
  expect(() => CertificateAuthority.load(sha1)).toThrow(/does not chain/);
  const rootOfTwo = await foreignCa('Root', EC256, undefined, [
    new x509.BasicConstraintsExtension(true, 0, true),
    ...ALLOWED,
  ]);
  const pem = await brought(rootOfTwo, await foreignCa('x', EC256, rootOfTwo));
  expect(() => CertificateAuthority.load(pem)).toThrow(/may not sign/);
});
