import type { Database } from '../database/database.ts';
import { inPages, type Page, pageOf, type PageRequest } from '../page.ts';

/** A line of a revocation list. */
export interface RevokedCredential {
  readonly serial: string;
  readonly revokedAt: number;
}

/** Which lists to write: those of one CA, without what has expired by `now`. */
export interface RevokedFilter extends PageRequest {
  /** Pin of the issuing CA's key, hex. */
  readonly issuer: string;
  readonly now: number;
}

export async function listRevoked(database: Database, filter: RevokedFilter): Promise<Page<RevokedCredential>> {
  const rows = await database.read(
    async (db) =>
      await db
        .selectFrom('credential')
        .select(['serial', 'revoked_at', 'not_after'])
        .where('revoked_at', 'is not', null)
        .where('not_after', '>', filter.now)
        .where('issuer', '=', filter.issuer)
        .$call((query) => inPages(query, ['not_after', 'serial'], filter))
        .execute(),
  );
  return pageOf(
    rows,
    filter,
    (row) => [row.not_after, row.serial],
    ({ serial, revoked_at: revokedAt }) => ({ serial, revokedAt: revokedAt ?? 0 }),
  );
}
