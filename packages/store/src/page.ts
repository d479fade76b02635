import { QconnError } from '@qconn/protocol';
import { type SelectQueryBuilder, sql } from 'kysely';

/** Which part of a list to return. */
export interface PageRequest {
  /** `next` of the page before; left out for the first page. */
  readonly cursor?: string | undefined;
  /** Most items to return, 1 … 1000; 100 when left out. */
  readonly limit?: number | undefined;
}

/** Part of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Cursor of the next page; undefined on the last. */
  readonly next: string | undefined;
}

const LIMIT_DEFAULT = 100;

/** Keeps one answer, and the memory it takes, small. */
const LIMIT_MAX = 1_000;

/** The position after which a page starts: the sort key of the last item of the page before. */
export type Position = readonly [number, string];

/** @throws QconnError invalid_request when the limit is out of range */
export function limitOf({ limit = LIMIT_DEFAULT }: PageRequest): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new QconnError('invalid_request', `The limit must be between 1 and ${LIMIT_MAX}.`);
}

/** @throws QconnError invalid_request when the cursor is not one of ours */
export function positionOf({ cursor }: PageRequest): Position | undefined {
  if (cursor === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(value) && value.length === 2 && Number.isSafeInteger(value[0]) && typeof value[1] === 'string')
      return [value[0], value[1]];
  } catch {
    // Falls through to the same complaint.
  }
  throw new QconnError('invalid_request', 'The cursor is not one that a list handed out.');
}

/**
 * The part of a list that a request asks for, in the order of two columns that an index has: a time and a key that
 * makes it unique. One row more than the limit is read, for `pageOf`.
 * @throws QconnError invalid_request
 */
export function inPages<DB, TB extends keyof DB, Row>(
  query: SelectQueryBuilder<DB, TB, Row>,
  [time, key]: readonly [string, string],
  request: PageRequest,
): SelectQueryBuilder<DB, TB, Row> {
  const after = positionOf(request);
  const part = query
    .orderBy(sql.ref(time))
    .orderBy(sql.ref(key))
    .limit(limitOf(request) + 1);
  if (after === undefined) return part;
  return part.where(sql<boolean>`(${sql.ref(time)}, ${sql.ref(key)}) > (${after[0]}::bigint, ${after[1]})`);
}

/** Makes a page of rows that were read with one more than the limit, to see whether there are more. */
export function pageOf<Row, T>(
  rows: readonly Row[],
  request: PageRequest,
  position: (row: Row) => Position,
  item: (row: Row) => T,
): Page<T> {
  const limit = limitOf(request);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next =
    rows.length > limit && last !== undefined
      ? Buffer.from(JSON.stringify(position(last))).toString('base64url')
      : undefined;
  return { items: shown.map(item), next };
}
