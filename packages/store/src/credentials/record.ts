import type { Selectable } from 'kysely';

import type { Trx } from '../database/database.ts';
import type { CertificateKind, CredentialTable } from '../database/tables.ts';

/** A certificate to be recorded. */
export interface NewCredential {
  /** Lower-case hex. */
  readonly serial: string;
  /** Validity in milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly der: Uint8Array;
  /** The CA that signed it: SHA-256 of that CA's public key, hex. */
  readonly issuer: string;
}

/** A certificate that is no machine's. */
export interface NewAuthorityCertificate extends NewCredential {
  readonly kind: Exclude<CertificateKind, 'machine'>;
  /** The hosts of a hub's certificate, or the CA's name. */
  readonly subject: string;
}

/** A certificate that was issued. */
export interface CredentialRecord extends Omit<NewCredential, 'issuer'> {
  /** The fingerprint of its machine; null for a hub's or CA's. */
  readonly machine: string | null;
  readonly kind: CertificateKind;
  /** The hosts of a hub's certificate, or a CA's name; null for a machine's, which its fingerprint names. */
  readonly subject: string | null;
  /** Null when it was issued before this was recorded. */
  readonly issuer: string | null;
  readonly issuedAt: number;
  readonly revokedAt: number | null;
}

export function credentialRecordOf(row: Selectable<CredentialTable>): CredentialRecord {
  const { serial, machine, der, kind, subject, issuer } = row;
  return {
    serial,
    machine,
    kind,
    subject,
    issuer,
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
  credential: NewCredential,
  now: number,
): Promise<CredentialRecord> {
  const row = { ...rowOf(credential, now), machine, kind: 'machine', subject: null } as const;
  await trx.insertInto('credential').values(row).execute();
  return credentialRecordOf(row);
}

/** Records a certificate that is no machine's; one that is there already stays as it is. */
export async function insertAuthorityCertificate(
  trx: Trx,
  { kind, subject, ...credential }: NewAuthorityCertificate,
  now: number,
): Promise<boolean> {
  const inserted = await trx
    .insertInto('credential')
    .values({ ...rowOf(credential, now), machine: null, kind, subject })
    .onConflict((conflict) => conflict.doNothing())
    .returning('serial')
    .executeTakeFirst();
  return inserted !== undefined;
}

function rowOf(
  { serial, notBefore, notAfter, der, issuer }: NewCredential,
  now: number,
): Omit<Selectable<CredentialTable>, 'machine' | 'kind' | 'subject'> {
  return { serial, not_before: notBefore, not_after: notAfter, issued_at: now, der, issuer, revoked_at: null };
}
