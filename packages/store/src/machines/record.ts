import { QconnError } from '@qconn/protocol';
import { type Kysely, type Selectable, type SelectQueryBuilder, sql } from 'kysely';

import type { MachineStatus, MachineTable, Tables } from '../database/tables.ts';

/** An enrolled identity. */
export interface MachineRecord {
  readonly fingerprint: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly status: MachineStatus;
  /** Held while authorized; kept for the record on a revoked machine; null when it has been released. */
  readonly hostname: string | null;
  /** What the machine or its token would like to be called. */
  readonly requestedHostname: string | null;
  readonly shortCode: string;
  /** What the machine said of itself when it enrolled: operating system, agent version … */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly roles: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly authorizedAt: number | null;
  readonly revokedAt: number | null;
  /** Renewals after expiry since the last one in time. */
  readonly recoveries: number;
  /** When the last of its credentials that is not revoked expires or expired; null when it has none. */
  readonly expiresAt: number | null;
}

type MachineRow = Selectable<MachineTable> &
  Pick<MachineRecord, 'roles' | 'labels'> & { readonly expires_at: number | null };

/** Selects machines with what other tables know of them; `machineRecordOf` reads the rows. */
export function selectMachines(db: Kysely<Tables>): SelectQueryBuilder<Tables, 'machine', MachineRow> {
  return db
    .selectFrom('machine')
    .selectAll()
    .select([
      sql<
        readonly string[]
      >`coalesce((SELECT jsonb_agg(role ORDER BY role) FROM machine_role WHERE machine = fingerprint), '[]')`.as(
        'roles',
      ),
      sql<
        Readonly<Record<string, string>>
      >`coalesce((SELECT jsonb_object_agg(key, value) FROM machine_label WHERE machine = fingerprint), '{}')`.as(
        'labels',
      ),
      sql<
        number | null
      >`(SELECT max(not_after) FROM credential WHERE machine = fingerprint AND credential.revoked_at IS NULL)`.as(
        'expires_at',
      ),
    ]);
}

export function machineRecordOf(row: MachineRow): MachineRecord {
  const { fingerprint, spki, status, hostname, facts, roles, labels } = row;
  return {
    fingerprint,
    spki,
    status,
    hostname,
    requestedHostname: row.requested_hostname,
    shortCode: row.short_code,
    facts,
    roles,
    labels,
    createdAt: row.created_at,
    authorizedAt: row.authorized_at,
    revokedAt: row.revoked_at,
    recoveries: row.recoveries,
    expiresAt: row.expires_at,
  };
}

/** @throws QconnError unknown_object */
export async function readMachine(db: Kysely<Tables>, fingerprint: string): Promise<MachineRecord> {
  const row = await selectMachines(db).where('fingerprint', '=', fingerprint).executeTakeFirst();
  if (row === undefined) throw new QconnError('unknown_object', `There is no machine ${fingerprint}.`);
  return machineRecordOf(row);
}

/** What the audit trail tells of a machine. */
export function auditView({ status, hostname, roles, labels }: MachineRecord): object {
  return { status, hostname, roles, labels };
}
