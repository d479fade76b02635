import type { Database } from '../database/database.ts';
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

/** Walks the chain from its first row to the head that the database remembers, in one snapshot. */
export async function verifyAudit(database: Database): Promise<AuditVerdict> {
  return await database.readAtOnce(async (trx) => {
    const head = await trx.selectFrom('audit_head').select(['id', 'hash']).executeTakeFirstOrThrow();
    let hash: Uint8Array = new Uint8Array(32);
    let checked = 0;
    const verdict = (brokenAt?: number): AuditVerdict => ({
      intact: brokenAt === undefined,
      rows: checked,
      brokenAt,
      head: hex(head.hash),
    });
    for (;;) {
      const rows = await trx
        .selectFrom('audit')
        .selectAll()
        .where('id', '>', checked)
        .orderBy('id')
        .limit(BATCH)
        .execute();
      for (const row of rows) {
        const sound =
          row.id === checked + 1 && hex(row.prev_hash) === hex(hash) && hex(row.hash) === hex(hashOf(hash, row));
        if (!sound) return verdict(checked + 1);
        hash = row.hash;
        checked++;
      }
      if (rows.length < BATCH)
        return verdict(checked === head.id && hex(hash) === hex(head.hash) ? undefined : checked + 1);
    }
  });
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
