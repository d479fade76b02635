import type { Selectable } from 'kysely';

import type { Act } from '../act.ts';
import type { Database } from '../database/database.ts';
import type { AuditTable } from '../database/tables.ts';
import { limitOf, type Page, pageOf, type PageRequest, positionOf } from '../page.ts';
import { appendAudit, type AuditEntry } from './append.ts';
import type { AuditRecord } from './record.ts';
import { type AuditVerdict, verifyAudit } from './verify.ts';

/** Which rows to list; what is left out does not restrict. */
export interface AuditFilter extends PageRequest {
  readonly actor?: string | undefined;
  readonly act?: string | undefined;
  readonly subject?: string | undefined;
  /** Not before, in milliseconds since 1970. */
  readonly since?: number | undefined;
  /** Only rows after the one with this id: with `order: 'oldest'`, to follow the trail. */
  readonly after?: number | undefined;
  readonly order?: 'newest' | 'oldest' | undefined;
}

/** The audit trail. */
export class Audit {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Lists rows, newest first unless told otherwise. */
  async list(filter: AuditFilter = {}): Promise<Page<AuditRecord>> {
    const { actor, act, subject, since, after, order = 'newest' } = filter;
    const position = positionOf(filter)?.[0];
    const rows = await this.#database.read(async (db) => {
      let query = db
        .selectFrom('audit')
        .selectAll()
        .limit(limitOf(filter) + 1)
        .orderBy('id', order === 'newest' ? 'desc' : 'asc');
      if (actor !== undefined) query = query.where('actor', '=', actor);
      if (act !== undefined) query = query.where('act', '=', act);
      if (subject !== undefined) query = query.where('subject', '=', subject);
      if (since !== undefined) query = query.where('at', '>=', since);
      if (after !== undefined) query = query.where('id', '>', after);
      if (position !== undefined) query = query.where('id', order === 'newest' ? '<' : '>', position);
      return await query.execute();
    });
    return pageOf(rows, filter, ({ id }) => [id, ''], auditRecordOf);
  }

  /** Adds a row for a security event that changes nothing else, such as a refusal. */
  async note(entry: AuditEntry & Act): Promise<void> {
    await this.#database.write(async (trx) => await appendAudit(trx, entry, entry));
  }

  /** Checks the whole chain, and says where it breaks. */
  async verify(): Promise<AuditVerdict> {
    return await verifyAudit(this.#database);
  }
}

function auditRecordOf(row: Selectable<AuditTable>): AuditRecord {
  const { prev_hash: prevHash, hash, ...content } = row;
  return { ...content, prevHash: Buffer.from(prevHash).toString('hex'), hash: Buffer.from(hash).toString('hex') };
}
