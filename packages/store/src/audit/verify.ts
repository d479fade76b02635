import type { Selectable } from 'kysely';

import type { Database } from '../database/database.ts';
import type { AuditTable } from '../database/tables.ts';
import { hashOf } from './record.ts';

/** Result of checking the chain. */
export interface AuditVerdict {
  readonly intact: boolean;
  /** Rows that were checked and are in order. */
  readonly rows: number;
  /** First row that is missing, or does not match its hash or the row before; undefined when intact. */
  readonly brokenAt: number | undefined;
  /**
   * Hash of the last row, in hex. Whoever can write to the database can make a new chain: note this
   * value elsewhere now and then, and look for it later.
   */
  readonly head: string;
}

/** Rows read at once. */
const BATCH = 1_000;

/**
 * Walks the chain from its first row to the head that the database remembers. It needs no common
 * snapshot, and so holds up nobody: rows up to the head never change, unless somebody tampers.
 */
export async function verifyAudit(database: Database): Promise<AuditVerdict> {
  const head = await database.read(
    async (db) => await db.selectFrom('audit_head').select(['id', 'hash']).executeTakeFirstOrThrow(),
  );
  let hash: Uint8Array = new Uint8Array(32);
  let checked = 0;
  const verdict = (brokenAt?: number): AuditVerdict => ({
    intact: brokenAt === undefined,
    rows: checked,
    brokenAt,
    head: hex(head.hash),
  });
  while (checked < head.id) {
    const rows = await readAfter(database, checked, head.id);
    for (const row of rows) {
      const sound = row.id === checked + 1 && same(row.prev_hash, hash) && same(row.hash, hashOf(hash, row));
      if (!sound) return verdict(checked + 1);
      hash = row.hash;
      checked++;
    }
    if (rows.length === 0) return verdict(checked + 1);
  }
  return verdict(same(hash, head.hash) ? undefined : checked + 1);
}

async function readAfter(database: Database, from: number, to: number): Promise<Array<Selectable<AuditTable>>> {
  return await database.read(
    async (db) =>
      await db
        .selectFrom('audit')
        .selectAll()
        .where('id', '>', from)
        .where('id', '<=', to)
        .orderBy('id')
        .limit(BATCH)
        .execute(),
  );
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
