import type { Kysely, Selectable } from 'kysely';

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
  /** When the last of its credentials that is not revoked expires or expired; null when it has none. */
  readonly expiresAt: number | null;
}

export type MachineRow = Selectable<MachineTable>;

/** Completes rows with what other tables know of the machines, with one query for each table. */
export async function machineRecords(db: Kysely<Tables>, rows: readonly MachineRow[]): Promise<MachineRecord[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ fingerprint }) => fingerprint);
  const roles = await db.selectFrom('machine_role').selectAll().where('machine', 'in', ids).orderBy('role').execute();
  const labels = await db.selectFrom('machine_label').selectAll().where('machine', 'in', ids).orderBy('key').execute();
  const expiries = await db
    .selectFrom('credential')
    .select((column) => ['machine', column.fn.max('not_after').as('expires_at')])
    .where('machine', 'in', ids)
    .where('revoked_at', 'is', null)
    .groupBy('machine')
    .execute();
  const rolesOf = Map.groupBy(roles, ({ machine }) => machine);
  const labelsOf = Map.groupBy(labels, ({ machine }) => machine);
  const expiryOf = new Map(expiries.map(({ machine, expires_at }) => [machine, expires_at]));
  return rows.map((row) => ({
    fingerprint: row.fingerprint,
    spki: row.spki,
    status: row.status,
    hostname: row.hostname,
    requestedHostname: row.requested_hostname,
    shortCode: row.short_code,
    facts: row.facts,
    roles: (rolesOf.get(row.fingerprint) ?? []).map(({ role }) => role),
    labels: Object.fromEntries((labelsOf.get(row.fingerprint) ?? []).map(({ key, value }) => [key, value])),
    createdAt: row.created_at,
    authorizedAt: row.authorized_at,
    revokedAt: row.revoked_at,
    expiresAt: expiryOf.get(row.fingerprint) ?? null,
  }));
}

/** The complete record of one machine that the transaction has just read or written. */
export async function machineRecord(db: Kysely<Tables>, row: MachineRow): Promise<MachineRecord> {
  const [record] = await machineRecords(db, [row]);
  return record!;
}

/** What the audit trail tells of a machine. */
export function auditView({ status, hostname, roles, labels }: MachineRecord): object {
  return { status, hostname, roles, labels };
}
