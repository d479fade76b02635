/** Object identifiers of the types that the two drivers hand out differently, from pg_type. */
const BYTEA = 17;
const BIGINT = 20;

/**
 * How values come out of either database: a bigint as a number (ours are times in milliseconds and
 * counters, far below 2^53), bytes as a plain Uint8Array.
 */
export const VALUE_PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  [BIGINT]: Number,
  [BYTEA]: (text) => Uint8Array.from(Buffer.from(text.slice(2), 'hex')),
};
