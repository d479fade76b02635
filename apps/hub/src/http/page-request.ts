import type { PageRequest } from '@qconn/store';

/** The page that a query string asks for; the schema has checked that the limit is a number. */
export function pageRequest({ cursor, limit }: { readonly cursor?: string; readonly limit?: string }): PageRequest {
  return { cursor, limit: limit === undefined ? undefined : Number(limit) };
}
