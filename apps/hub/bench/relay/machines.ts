import { exportPrivateKeyPem, exportSpki, fingerprintOf, generateKeyPair, shortCode } from '@qconn/identity';
import type { CertificateAuthority } from '@qconn/identity';
import { runSql } from '@qconn/testkit';
import type { TlsIdentity } from '@qconn/transport';

/** A machine that the hub knows, without the enrolment: ten thousand of those would take longer than the measurement. */
export interface BenchMachine {
  readonly fingerprint: string;
  readonly hostname: string;
  readonly spkiHex: string;
  readonly tls: TlsIdentity;
}

/** The role that every machine of the benchmark holds. */
export const ROLE = 'bench';

/** The service type of which all messages are. */
export const SERVICE_TYPE = 'bench.echo';

const DAY_MS = 86_400_000;

/** Rows of one statement. */
const ROWS_AT_ONCE = 500;

export async function makeMachine(authority: CertificateAuthority, hostname: string): Promise<BenchMachine> {
  const keys = await generateKeyPair();
  const spki = await exportSpki(keys.publicKey);
  const { chainPem } = await authority.issueMachine({ spki, now: Date.now(), validityMs: DAY_MS });
  return {
    fingerprint: fingerprintOf(spki),
    hostname,
    spkiHex: Buffer.from(spki).toString('hex'),
    tls: { keyPem: exportPrivateKeyPem(keys.privateKey), chainPem, trustPem: [authority.rootPem] },
  };
}

/** Writes machines straight into the database, before the hub starts and reads it: authorized, with the one role. */
export async function insertMachines(url: string, machines: readonly BenchMachine[]): Promise<void> {
  const now = Date.now();
  const statements: string[] = [];
  for (let at = 0; at < machines.length; at += ROWS_AT_ONCE) {
    const some = machines.slice(at, at + ROWS_AT_ONCE);
    const rows = some.map(
      ({ fingerprint, hostname, spkiHex }) =>
        `('${fingerprint}', '\\x${spkiHex}', 'authorized', '${hostname}', '${shortCode(fingerprint)}', '{}', ${now}, ${now})`,
    );
    const roles = some.map(({ fingerprint }) => `('${fingerprint}', '${ROLE}')`);
    statements.push(
      `INSERT INTO machine (fingerprint, spki, status, hostname, short_code, facts, created_at, authorized_at) VALUES ${rows.join()}`,
      `INSERT INTO machine_role (machine, role) VALUES ${roles.join()}`,
    );
  }
  await runSql(url, ...statements);
}
