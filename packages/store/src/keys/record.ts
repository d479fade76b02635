import type { Selectable } from 'kysely';

import type { Act } from '../act.ts';
import type { Trx } from '../database/database.ts';
import type { KeyTable } from '../database/tables.ts';

export interface NewKey {
  /** Lower-case hex. */
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the secret. */
  readonly secretHash: Uint8Array;
  /** What the key may do; the store does not read them. */
  readonly scopes: readonly string[];
  readonly expiresAt: number;
}

/** An API key. Its secret is known to nobody but its bearer. */
export interface KeyRecord {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
}

export function keyRecordOf(row: Selectable<KeyTable>): KeyRecord {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}

export async function insertKey(
  trx: Trx,
  { id, name, secretHash, scopes, expiresAt }: NewKey,
  act: Act,
): Promise<KeyRecord> {
  const row = {
    id,
    name,
    secret_hash: secretHash,
    scopes: JSON.stringify(scopes),
    created_by: act.actor,
    created_at: act.now,
    expires_at: expiresAt,
    revoked_at: null,
  };
  return keyRecordOf(await trx.insertInto('api_key').values(row).returningAll().executeTakeFirstOrThrow());
}
