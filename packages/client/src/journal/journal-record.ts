import { ERROR_TABLE, type ErrorCode, type Outcome } from '@qconn/protocol';
import type { Settled } from '../exchange/settled.ts';

/** One line of a journal of jobs. `at` is wall-clock time in milliseconds. */
export type JournalRecord =
  | { readonly kind: 'began' | 'forgot'; readonly key: string; readonly at: number }
  | { readonly kind: 'ended'; readonly key: string; readonly at: number; readonly settled: Settled };

/** A record as a line of JSON with its line end; bytes are in base64. */
export function encodeRecord(record: JournalRecord): string {
  const { kind, key, at } = record;
  const how = record.kind === 'ended' ? written(record.settled) : {};
  return `${JSON.stringify({ kind, key, at, ...how })}\n`;
}

/** Reads a line. @returns `undefined` for one that {@link encodeRecord} has not written, such as one that was cut */
export function decodeRecord(line: string): JournalRecord | undefined {
  const fields = parsed(line);
  const { kind, key, at } = fields;
  if (typeof key !== 'string' || typeof at !== 'number') return undefined;
  if (kind === 'began' || kind === 'forgot') return { kind, key, at };
  const settled = kind === 'ended' ? read(fields) : undefined;
  return settled && { kind: 'ended', key, at, settled };
}

function written(settled: Settled): object {
  if ('outcome' in settled) return settled.outcome;
  const { headers, body } = settled.response;
  return { headers: Buffer.from(headers).toString('base64'), body: Buffer.from(body).toString('base64') };
}

function read({ headers, body, code, reason, retryAfterMs }: Readonly<Record<string, unknown>>): Settled | undefined {
  if (typeof headers === 'string' && typeof body === 'string')
    return { response: { headers: Buffer.from(headers, 'base64'), body: Buffer.from(body, 'base64') } };
  if (!isErrorCode(code) || typeof reason !== 'string' || typeof retryAfterMs !== 'number') return undefined;
  const outcome: Outcome = { code, reason, retryAfterMs };
  return { outcome };
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_TABLE, code);
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
