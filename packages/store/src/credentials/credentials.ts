import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database } from '../database/database.ts';
import type { Page } from '../page.ts';
import { addCredential, type AddedCredential } from './add.ts';
import { type CredentialEntry, type CredentialFilter, listCredentials } from './list.ts';
import {
  type CredentialRecord,
  credentialRecordOf,
  insertAuthorityCertificate,
  type NewAuthorityCertificate,
} from './record.ts';
import { recoverCredential, type Recovered, type Recovery } from './recover.ts';
import { type CredentialRevocation, revokeCredential } from './revoke.ts';
import { listRevoked, type RevokedCredential, type RevokedFilter } from './revoked.ts';

/** Every certificate that the hub's CA has issued: machines', hubs' and its own. */
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

  /** Lists what a revocation list of one CA has to name: revoked, and not expired. */
  async revoked(filter: RevokedFilter): Promise<Page<RevokedCredential>> {
    return await listRevoked(this.#database, filter);
  }

  /**
   * Records a renewed certificate.
   * @throws QconnError revoked, unknown_object
   */
  async add(input: AddedCredential & Act): Promise<CredentialRecord> {
    return await addCredential(this.#database, input);
  }

  /**
   * Renews the certificate of a machine whose last one has expired. Within the grace period it keeps
   * status, hostname and roles; after it, it is pending again. A machine with a live certificate is given that one.
   * @throws QconnError revoked, unknown_object; renewal_refused when the cap is reached or every certificate is revoked
   */
  async recover(input: Recovery & Act): Promise<Recovered> {
    return await recoverCredential(this.#database, input);
  }

  /** Records certificates of hubs and CAs, for the inventory; those that are there already stay as they are. */
  async recordAuthority(certificates: readonly NewAuthorityCertificate[], act: Act): Promise<void> {
    await this.#database.write(async (trx) => {
      for (const certificate of certificates) {
        const { serial, kind, subject, notAfter } = certificate;
        if (await insertAuthorityCertificate(trx, certificate, act.now))
          await appendAudit(trx, act, { act: `ca.issue_${kind}`, subject: serial, after: { subject, notAfter } });
      }
    });
  }

  /**
   * Revokes one certificate of a machine.
   * @throws QconnError unknown_object; invalid_state when it is revoked already, or no machine's
   */
  async revoke(input: CredentialRevocation & Act): Promise<CredentialRecord> {
    return await revokeCredential(this.#database, input);
  }
}
