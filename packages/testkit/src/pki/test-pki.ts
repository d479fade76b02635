import {
  CertificateAuthority,
  exportPrivateKeyPem,
  exportSpki,
  generateKeyPair,
  type IssuedCertificate,
} from '@qconn/identity';

const DAY_MS = 86_400_000;

/** One end's identity as PEM, the way that TLS and QUIC endpoints take it. */
export interface TestIdentity {
  readonly fingerprint: string;
  readonly serial: string;
  /** PKCS#8. */
  readonly keyPem: string;
  /** The certificate alone. */
  readonly certificatePem: string;
  /** Certificate and issuing CA, leaf first. */
  readonly chainPem: readonly string[];
  /** The same, joined. */
  readonly chain: string;
  readonly issued: IssuedCertificate;
}

/** A CA for tests, with the identities that it issues. Takes milliseconds to make. */
export interface TestPki {
  readonly ca: CertificateAuthority;
  readonly rootPem: string;
  readonly rootPin: Uint8Array;
  /** A hub's server identity; valid for `localhost`, `127.0.0.1` and `::1` unless told otherwise. */
  server(hosts?: readonly string[]): Promise<TestIdentity>;
  /** A machine's identity with a new key. */
  machine(options?: { validityMs?: number }): Promise<TestIdentity>;
  /** A machine's identity whose certificate ended a day ago. */
  expiredMachine(): Promise<TestIdentity>;
  /** A server's identity whose certificate ended a day ago. */
  expiredServer(hosts?: readonly string[]): Promise<TestIdentity>;
}

const LOCAL_HOSTS = ['localhost', '127.0.0.1', '::1'];

/**
 * A new CA that has existed for sixty days. Two of them trust nothing of each other: that is the
 * fixture for certificates of another CA.
 * @param options.now epoch milliseconds, default the system's time
 */
export async function createTestPki(options: { name?: string; now?: number } = {}): Promise<TestPki> {
  const now = options.now ?? Date.now();
  const ca = await CertificateAuthority.create({ name: options.name ?? 'Test', now: now - 60 * DAY_MS });
  const past = now - 2 * DAY_MS;
  const server = async (hosts: readonly string[], from: number, validityMs?: number): Promise<TestIdentity> =>
    identity(async (spki) =>
      ca.issueServer({ spki, hosts, now: from, ...(validityMs === undefined ? {} : { validityMs }) }),
    );
  const machine = async (from: number, validityMs?: number): Promise<TestIdentity> =>
    identity(async (spki) => ca.issueMachine({ spki, now: from, ...(validityMs === undefined ? {} : { validityMs }) }));
  return {
    ca,
    rootPem: ca.rootPem,
    rootPin: ca.rootPin,
    server: async (hosts = LOCAL_HOSTS) => server(hosts, now),
    machine: async ({ validityMs } = {}) => machine(now, validityMs),
    expiredMachine: async () => machine(past, DAY_MS),
    expiredServer: async (hosts = LOCAL_HOSTS) => server(hosts, past, DAY_MS),
  };
}

async function identity(issue: (spki: Uint8Array) => Promise<IssuedCertificate>): Promise<TestIdentity> {
  const keys = await generateKeyPair();
  const issued = await issue(await exportSpki(keys.publicKey));
  return {
    fingerprint: issued.fingerprint,
    serial: issued.serial,
    keyPem: exportPrivateKeyPem(keys.privateKey),
    certificatePem: issued.pem,
    chainPem: issued.chainPem,
    chain: issued.chainPem.join(''),
    issued,
  };
}
