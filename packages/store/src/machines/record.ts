import { createHash } from 'node:crypto';

import { QconnError } from '@qconn/protocol';
import { type Kysely, type RawBuilder, type Selectable, type SelectQueryBuilder, sql } from 'kysely';

import type { MachineStatus, MachineTable, Tables } from '../database/tables.ts';
import { LABELS_OF_MACHINE, ROLES_OF_MACHINE } from './assigned.ts';

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
  /** The other machine that holds that hostname now: the same host with a new key, or a pretender. */
  readonly requestedHolder: string | null;
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
  /** Names what an administrator can edit of it: status, hostname, roles and labels. Changes with them. */
  readonly version: string;
  /** When the last of its credentials that is not revoked expires or expired; null when it has none. */
  readonly expiresAt: number | null;
}

type MachineRow = Selectable<MachineTable> &
  Pick<MachineRecord, 'roles' | 'labels'> & {
    readonly expires_at: number | null;
    readonly requested_holder: string | null;
  };

/** Selects machines with what other tables know of them; `machineRecordOf` reads the rows. */
export function selectMachines(db: Kysely<Tables>): SelectQueryBuilder<Tables, 'machine', MachineRow> {
  return db
    .selectFrom('machine')
    .selectAll()
    .select([
      ROLES_OF_MACHINE.as('roles'),
      LABELS_OF_MACHINE.as('labels'),
      LAST_EXPIRY.as('expires_at'),
      HOLDER_OF_WISH.as('requested_holder'),
    ]);
}

const LAST_EXPIRY: RawBuilder<number | null> = sql`
  (SELECT max(not_after) FROM credential WHERE machine = fingerprint AND credential.revoked_at IS NULL)`;

const HOLDER_OF_WISH: RawBuilder<string | null> = sql`
  (SELECT held.fingerprint FROM machine held
   WHERE held.hostname = machine.requested_hostname AND held.status = 'authorized' AND held.fingerprint <> machine.fingerprint)`;

export function machineRecordOf(row: MachineRow): MachineRecord {
  const { fingerprint, spki, status, hostname, facts, roles, labels } = row;
  return {
    fingerprint,
    spki,
    status,
    hostname,
    requestedHostname: row.requested_hostname,
    requestedHolder: row.requested_holder,
    shortCode: row.short_code,
    facts,
    roles,
    labels,
    createdAt: row.created_at,
    authorizedAt: row.authorized_at,
    revokedAt: row.revoked_at,
    recoveries: row.recoveries,
    expiresAt: row.expires_at,
    version: versionOf(row),
  };
}

function versionOf({ status, hostname, roles, labels }: MachineRow): string {
  const content = JSON.stringify([
    status,
    hostname,
    roles,
    Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ]);
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
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
