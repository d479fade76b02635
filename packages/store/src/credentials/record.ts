import type { Selectable } from 'kysely';

import type { Trx } from '../database/database.ts';
import type { CredentialTable } from '../database/tables.ts';

/** A certificate to be recorded. */
export interface NewCredential {
  /** Lower-case hex. */
  readonly serial: string;
  /** Validity in milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly der: Uint8Array;
}

/** A certificate that was issued. */
export interface CredentialRecord extends NewCredential {
  /** The fingerprint of its machine. */
  readonly machine: string;
  readonly issuedAt: number;
  readonly revokedAt: number | null;
}

export function credentialRecordOf(row: Selectable<CredentialTable>): CredentialRecord {
  const { serial, machine, der } = row;
  return {
    serial,
    machine,
    notBefore: row.not_before,
    notAfter: row.not_after,
    der,
    issuedAt: row.issued_at,
    revokedAt: row.revoked_at,
  };
}

/** Records a certificate for a machine that the transaction has locked. */
export async function insertCredential(
  trx: Trx,
  machine: string,
  { serial, notBefore, notAfter, der }: NewCredential,
  now: number,
): Promise<CredentialRecord> {
  const row = { serial, machine, not_before: notBefore, not_after: notAfter, issued_at: now, der, revoked_at: null };
  await trx.insertInto('credential').values(row).execute();
  return credentialRecordOf(row);
}
