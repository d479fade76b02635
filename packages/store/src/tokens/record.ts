import type { Selectable } from 'kysely';

import type { TokenTable } from '../database/tables.ts';

/** An enrolment token. Its secret is known to nobody but its bearer. */
export interface TokenRecord {
  /** Lower-case hex. */
  readonly id: string;
  readonly uses: number;
  readonly usesLeft: number;
  /** The hostname that its machine shall have, or a pattern such as `kiosk-*` for those of several. */
  readonly hostname: string | null;
  /** Roles to grant on approval. */
  readonly roles: readonly string[];
  /** Authorize its machines as they enrol, if their hostname is free. */
  readonly autoApprove: boolean;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
}

export function tokenRecordOf(row: Selectable<TokenTable>): TokenRecord {
  return {
    id: row.id,
    uses: row.uses,
    usesLeft: row.uses_left,
    hostname: row.hostname,
    roles: row.roles,
    autoApprove: row.auto_approve,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}
