import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { TlsIdentity } from '@qconn/transport';

x509.cryptoProvider.set(webcrypto as never);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const HOUR = 3_600_000;

/** Whom a test certificate is for, and when it is valid. */
export interface LeafParameters {
  readonly name?: string;
  readonly dns?: readonly string[];
  readonly ips?: readonly string[];
  /** Milliseconds from now. */
  readonly validFrom?: number;
  readonly validUntil?: number;
}

/** A root that issues leaves. */
export interface TestAuthority {
  readonly rootPem: string;
  issue(parameters?: LeafParameters): Promise<TlsIdentity>;
}

/** Makes a CA of one test. */
export async function createAuthority(name = 'test root'): Promise<TestAuthority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - 72 * HOUR),
    notAfter: new Date(Date.now() + 72 * HOUR),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  const rootPem = `${root.toString('pem')}\n`;
  return { rootPem, issue: (parameters = {}) => issueLeaf({ root, keys, rootPem }, parameters) };
}

/** What the two ends of most tests have: a hub at 127.0.0.1 and a machine, of one CA. */
export async function createHubAndMachine(): Promise<{ hub: TlsIdentity; machine: TlsIdentity }> {
  const authority = await createAuthority();
  return { hub: await authority.issue({ ips: ['127.0.0.1'] }), machine: await authority.issue() };
}

async function issueLeaf(
  authority: { root: x509.X509Certificate; keys: webcrypto.CryptoKeyPair; rootPem: string },
  parameters: LeafParameters,
): Promise<TlsIdentity> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const names = [
    ...(parameters.dns ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(parameters.ips ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8))).toString('hex'),
    subject: `CN=${parameters.name ?? 'leaf'}`,
    issuer: authority.root.subject,
    notBefore: new Date(Date.now() + (parameters.validFrom ?? -HOUR)),
    notAfter: new Date(Date.now() + (parameters.validUntil ?? HOUR)),
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth, x509.ExtendedKeyUsage.serverAuth]),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const keyPem = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
  return { keyPem, chainPem: [`${leaf.toString('pem')}\n`], trustPem: [authority.rootPem] };
}
