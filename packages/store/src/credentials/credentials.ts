import type { Act } from '../act.ts';
import type { Database } from '../database/database.ts';
import type { Page } from '../page.ts';
import { addCredential, type AddedCredential } from './add.ts';
import { type CredentialEntry, type CredentialFilter, listCredentials } from './list.ts';
import { type CredentialRecord, credentialRecordOf } from './record.ts';
import { revokeCredential } from './revoke.ts';

/** Every certificate ever issued to a machine. */
export class Credentials {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(serial: string): Promise<CredentialRecord | undefined> {
    const row = await this.#database.read(
      async (db) => await db.selectFrom('credential').selectAll().where('serial', '=', serial).executeTakeFirst(),
    );
    return row === undefined ? undefined : credentialRecordOf(row);
  }

  /** Lists certificates, the first to expire first. */
  async list(filter: CredentialFilter): Promise<Page<CredentialEntry>> {
    return await listCredentials(this.#database, filter);
  }

  /**
   * Records a renewed certificate.
   * @throws QconnError revoked, unknown_object; renewal_refused when the cap on recoveries is reached
   */
  async add(input: AddedCredential & Act): Promise<CredentialRecord> {
    return await addCredential(this.#database, input);
  }

  /**
   * Revokes one certificate.
   * @throws QconnError unknown_object; invalid_state when it is revoked already
   */
  async revoke(input: { readonly serial: string } & Act): Promise<CredentialRecord> {
    return await revokeCredential(this.#database, input);
  }
}
