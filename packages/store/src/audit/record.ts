import { createHash } from 'node:crypto';

/** One administrative act or security event. */
export interface AuditRecord {
  /** Place in the chain, from 1, without gaps. */
  readonly id: number;
  readonly at: number;
  readonly actor: string;
  /** What was done, as `noun.verb`: `machine.approve`. */
  readonly act: string;
  /** To whom: a fingerprint, a role, an id. */
  readonly subject: string;
  readonly before: unknown;
  readonly after: unknown;
  /** Hash of the row before, in hex. */
  readonly prevHash: string;
  /** Hash of this row, in hex. */
  readonly hash: string;
}

/** What a row's hash covers. */
export type AuditContent = Omit<AuditRecord, 'prevHash' | 'hash'>;

/** SHA-256 over the hash of the row before and this row's content in one fixed form. */
export function hashOf(prevHash: Uint8Array, { id, ...content }: AuditContent): Uint8Array {
  return createHash('sha256').update(prevHash).update(`[${id},`).update(contentAfterId(content)).digest();
}

/** The content's fixed form, a JSON list, from behind its first element, the id, which the database gives. */
export function contentAfterId({ at, actor, act, subject, before, after }: Omit<AuditContent, 'id'>): string {
  return JSON.stringify([at, actor, act, subject, sorted(before), sorted(after)]).slice(1);
}

/** The database does not keep the order of an object's keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value ?? null;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]),
  );
}
