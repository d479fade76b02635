import type { Clock } from '@qconn/clock';
import type { CertificateAuthority, RevokedCertificate } from '@qconn/identity';
import type { Store } from '@qconn/store';
import type { HubAuthority } from './hub-authority.ts';

/** What revocation lists are made with. */
export interface RevocationListDependencies {
  readonly clock: Clock;
  readonly authority: Pick<HubAuthority, 'issuers'>;
  readonly store: { readonly credentials: Pick<Store['credentials'], 'revoked'> };
  /** Generation of the policy in force: every revocation raises it. */
  readonly generation: () => number;
}

/** How long a list is good for whoever holds it, in milliseconds. */
const VALIDITY_MS = 24 * 3_600_000;

/** Age at which a list is written anew although nothing was revoked, in milliseconds. */
const REFRESH_MS = 3_600_000;

/** Rows read at once. */
const PAGE = 1_000;

/** The revocation lists of the hub's issuing CAs (RFC 5280, section 5), for third parties: machines and hub ask the hub. */
export class RevocationLists {
  readonly #dependencies: RevocationListDependencies;
  #written: { readonly key: string; readonly atMs: number; readonly pem: Promise<string> } | undefined;

  constructor(dependencies: RevocationListDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * One list for each issuing CA whose certificates may still be valid, the signing one's first. Written once for each change, however
   * many ask.
   * @throws QconnError `database_unavailable`
   */
  async pem(): Promise<string> {
    const { clock, authority, generation } = this.#dependencies;
    const key = [generation(), ...authority.issuers.map(({ issuingPin }) => issuingPin)].join();
    const now = clock.now();
    const written = this.#written;
    if (written !== undefined && written.key === key && Math.abs(now - written.atMs) < REFRESH_MS) return written.pem;
    const pem = this.#write(now);
    this.#written = { key, atMs: now, pem };
    pem.catch(() => (this.#written = undefined));
    return pem;
  }

  async #write(now: number): Promise<string> {
    const lists: string[] = [];
    for (const issuer of this.#dependencies.authority.issuers) {
      const list = await issuer.issueRevocationList({
        // Grows with time, over restarts too.
        number: Math.floor(now / 1000),
        thisUpdateMs: now,
        nextUpdateMs: now + VALIDITY_MS,
        revoked: await this.#revoked(issuer, now),
      });
      lists.push(list.pem);
    }
    return lists.join('');
  }

  async #revoked({ issuingPin: issuer }: CertificateAuthority, now: number): Promise<readonly RevokedCertificate[]> {
    const all: RevokedCertificate[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#dependencies.store.credentials.revoked({ issuer, now, cursor, limit: PAGE });
      for (const { serial, revokedAt } of page.items) all.push({ serial, revokedAtMs: revokedAt });
      cursor = page.next;
    } while (cursor !== undefined);
    return all;
  }
}
