import { type Expression, type ExpressionBuilder, type Nullable, type SqlBool, sql } from 'kysely';

import type { Database, Tables } from '../database/database.ts';
import type { CertificateKind, MachineStatus } from '../database/tables.ts';
import { normalHostname } from '../machines/hostname.ts';
import { inPages, type Page, pageOf, type PageRequest } from '../page.ts';
import { type CredentialRecord, credentialRecordOf } from './record.ts';

/** Revoked, however long ago; else expired or live at the moment of asking. */
export type CredentialStatus = 'live' | 'expired' | 'revoked';

/** A line of the inventory. `Credentials.find` gives the certificate itself. */
export interface CredentialEntry extends Omit<CredentialRecord, 'der'> {
  readonly status: CredentialStatus;
  /** Of its machine; null for a hub's or CA's. */
  readonly hostname: string | null;
  readonly machineStatus: MachineStatus | null;
}

/** Which certificates to list; what is left out does not restrict. */
export interface CredentialFilter extends PageRequest {
  readonly now: number;
  readonly kind?: CertificateKind | undefined;
  /** A fingerprint. */
  readonly machine?: string | undefined;
  /** The hostname of their machine. */
  readonly hostname?: string | undefined;
  readonly status?: CredentialStatus | undefined;
  /** Those that expire in this time or later, in milliseconds since 1970 … */
  readonly expiresFrom?: number | undefined;
  /** … and before this one. */
  readonly expiresBefore?: number | undefined;
  /** Only the certificate of each machine that expires last: what expires here has not been renewed. */
  readonly lastOnly?: boolean | undefined;
}

export async function listCredentials(database: Database, filter: CredentialFilter): Promise<Page<CredentialEntry>> {
  const rows = await database.read(
    async (db) =>
      await db
        .selectFrom('credential')
        .leftJoin('machine', 'machine.fingerprint', 'credential.machine')
        .selectAll('credential')
        .select(['machine.hostname', 'machine.status as machine_status'])
        .where((builder) => builder.and(conditions(builder, filter)))
        .$call((query) => inPages(query, ['credential.not_after', 'credential.serial'], filter))
        .execute(),
  );
  return pageOf(
    rows,
    filter,
    (row) => [row.not_after, row.serial],
    (row) => {
      const { der: _, ...record } = credentialRecordOf(row);
      return {
        ...record,
        status: statusAt(filter.now, record),
        hostname: row.hostname,
        machineStatus: row.machine_status,
      };
    },
  );
}

function statusAt(
  now: number,
  { revokedAt, notAfter }: Pick<CredentialRecord, 'revokedAt' | 'notAfter'>,
): CredentialStatus {
  if (revokedAt !== null) return 'revoked';
  return notAfter > now ? 'live' : 'expired';
}

function conditions(
  where: ExpressionBuilder<Tables & { machine: Nullable<Tables['machine']> }, 'credential' | 'machine'>,
  filter: CredentialFilter,
): Expression<SqlBool>[] {
  const { now, kind, machine, hostname, status, expiresFrom, expiresBefore, lastOnly = false } = filter;
  const all: Expression<SqlBool>[] = [];
  if (kind !== undefined) all.push(where('credential.kind', '=', kind));
  if (machine !== undefined) all.push(where('credential.machine', '=', machine));
  if (hostname !== undefined) all.push(where('machine.hostname', '=', normalHostname(hostname)));
  if (status === 'revoked') all.push(where('credential.revoked_at', 'is not', null));
  else if (status !== undefined)
    all.push(
      where('credential.revoked_at', 'is', null),
      where('credential.not_after', status === 'live' ? '>' : '<=', now),
    );
  if (expiresFrom !== undefined) all.push(where('credential.not_after', '>=', expiresFrom));
  if (expiresBefore !== undefined) all.push(where('credential.not_after', '<', expiresBefore));
  if (lastOnly)
    all.push(
      sql<boolean>`NOT EXISTS (SELECT FROM credential later WHERE later.machine = credential.machine AND later.revoked_at IS NULL AND later.not_after > credential.not_after)`,
    );
  return all;
}
