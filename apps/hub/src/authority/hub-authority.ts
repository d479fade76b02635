import { X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { CertificateAuthority, TrustBundle } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import type { Act, Lagging, NewAuthorityCertificate, RotationRecord } from '@qconn/store';
import { adoptNext, readAuthorities, trustOf, type Authorities, type AuthoritySources } from './authorities.ts';
import { readAuthority, saveAuthority } from './authority-files.ts';
import { nextFolder } from './authority-folders.ts';
import { renewIssuingIn } from './renew-issuing.ts';

/** The actor in the audit trail of what the hub does by itself. */
const ITSELF = 'hub';

/**
 * The hub's CA while it runs: which one signs, which roots are trusted, and the change from one root to another (ADR 0009).
 * Keys are in the CA's folder, and the database says which of them count: {@link open} repairs what a crash between the two
 * has left.
 */
export class HubAuthority {
  readonly #dependencies: AuthoritySources;
  readonly #listeners = new Set<() => void>();
  #now: Authorities;
  /** Steps follow one another. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(dependencies: AuthoritySources, authorities: Authorities) {
    this.#dependencies = dependencies;
    this.#now = authorities;
  }

  /**
   * Reads the CA, and finishes what a crash has interrupted.
   * @throws QconnError as `loadAuthority`; `ca_unusable` when folder and database disagree
   */
  static async open(dependencies: AuthoritySources): Promise<HubAuthority> {
    const authority = new HubAuthority(dependencies, await readAuthorities(dependencies));
    await authority.#record();
    return authority;
  }

  /** Signs certificates of machines. */
  get issuing(): CertificateAuthority {
    const { base, next, rotation } = this.#now;
    return next !== undefined && rotation?.phase === 'activated' ? next : base;
  }

  /**
   * Signs the hub's own certificate: of the old root until that goes, because whoever has missed the rotation trusts no
   * other. One that has expired gives way.
   */
  get serving(): CertificateAuthority {
    const { base, next } = this.#now;
    return next !== undefined && base.issuingNotAfterMs <= this.#dependencies.clock.now() ? next : base;
  }

  /** Certifies the hub's key as {@link serving} does, for whoever knows only the new root. */
  get vouching(): CertificateAuthority | undefined {
    const { next } = this.#now;
    return this.serving === next ? undefined : next;
  }

  /** The roots that hub and machines trust. */
  get trust(): TrustBundle {
    return this.#now.trust;
  }

  get rotation(): RotationRecord | undefined {
    return this.#now.rotation;
  }

  /** Every issuing CA whose certificates may still be valid, the signing one first. */
  get issuers(): readonly CertificateAuthority[] {
    const { base, next, previous } = this.#now;
    const all = [this.issuing, base, next, previous].filter((one) => one !== undefined);
    return [...new Map(all.map((one) => [one.issuingPin, one])).values()];
  }

  /** Calls a listener after each change. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Makes a new root and issuing CA, and begins to have it trusted. @throws QconnError `invalid_state`, `credential_unwritable` */
  async prepare(act: Act): Promise<RotationRecord> {
    return await this.#inTurn(async () => {
      const { folder, passphrase, store } = this.#dependencies;
      const { base, rotation: open } = this.#now;
      if (open !== undefined) throw new QconnError('invalid_state', `A rotation is ${open.phase} already.`);
      const next = await CertificateAuthority.create({ now: act.now });
      // One that is there was left by a preparation that did not reach the database, or was aborted.
      await rm(nextFolder(folder), { recursive: true, force: true });
      await saveAuthority(nextFolder(folder), next, passphrase);
      const trust = TrustBundle.parse([base.rootPem, next.rootPem]);
      const rotation = await store.rotations.prepare({
        root: next.rootPinHex,
        previousRoot: base.rootPinHex,
        issuer: next.issuingPin,
        trust: trust.id,
        ...act,
      });
      await this.#change({ ...this.#now, next, rotation, trust });
      return rotation;
    });
  }

  /** Has the new CA sign. @param renewWithinMs over how long machines spread their renewals @throws QconnError `invalid_state` */
  async activate({ renewWithinMs, ...act }: { readonly renewWithinMs: number } & Act): Promise<RotationRecord> {
    return await this.#inTurn(async () => {
      const rotation = await this.#dependencies.store.rotations.activate({ renewWithinMs, ...act });
      await this.#change({ ...this.#now, rotation });
      return rotation;
    });
  }

  /** Ends a rotation: the old root is trusted no more. @throws QconnError `invalid_state`, `rotation_blocked`, `credential_unwritable` */
  async prune(
    prune: { readonly graceMs: number; readonly leaveExpired?: boolean | undefined } & Act,
  ): Promise<RotationRecord> {
    return await this.#inTurn(async () => {
      const { folder, store } = this.#dependencies;
      const rotation = await store.rotations.prune(prune);
      await adoptNext(folder);
      const base = this.#now.next as CertificateAuthority;
      await this.#change({ base, next: undefined, previous: undefined, rotation: undefined, trust: trustOf(base) });
      return rotation;
    });
  }

  /**
   * Takes back one step: an activation, or else the whole rotation.
   * @throws QconnError `invalid_state`, `rotation_blocked`
   */
  async abort(act: Act): Promise<RotationRecord> {
    return await this.#inTurn(async () => {
      const { folder, store } = this.#dependencies;
      if (this.#now.rotation?.phase === 'activated') {
        const rotation = await store.rotations.deactivate(act);
        await this.#change({ ...this.#now, rotation });
        return rotation;
      }
      const rotation = await store.rotations.abort(act);
      const { base } = this.#now;
      await this.#change({ ...this.#now, next: undefined, rotation: undefined, trust: trustOf(base) });
      await rm(nextFolder(folder), { recursive: true, force: true });
      return rotation;
    });
  }

  /** Makes a new issuing CA below the same root. @throws QconnError `invalid_state` during a rotation, `ca_unusable` without the root's key */
  async renewIssuing(act: Act): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#now.rotation !== undefined)
        throw new QconnError('invalid_state', 'The root is being replaced, and a new issuing CA with it.');
      const { folder, passphrase } = this.#dependencies;
      await renewIssuingIn(folder, { passphrase, now: act.now });
      await this.#reload(act);
    });
  }

  /** Takes over an issuing CA that was renewed by hand. @returns whether there was one */
  async reload(): Promise<boolean> {
    return await this.#inTurn(async () => {
      const { issuingPem } = await readAuthority(this.#dependencies.folder);
      const [current = ''] = this.#now.base.issuingChainPem;
      if (new X509Certificate(issuingPem).fingerprint256 === new X509Certificate(current).fingerprint256) return false;
      await this.#reload();
      return true;
    });
  }

  /** Machines that are not ready for the old root to go. @throws QconnError `invalid_state` outside of a rotation */
  async lagging(query: { readonly graceMs: number; readonly limit: number }): Promise<Lagging> {
    const { store, clock } = this.#dependencies;
    const { rotation } = this.#now;
    if (rotation === undefined) throw new QconnError('invalid_state', 'No rotation of the root is under way.');
    return await store.rotations.lagging(rotation, { ...query, now: clock.now() });
  }

  async #reload(act?: Act): Promise<void> {
    await this.#change(await readAuthorities(this.#dependencies), act);
  }

  async #change(authorities: Authorities, act?: Act): Promise<void> {
    this.#now = authorities;
    for (const listener of this.#listeners) listener();
    await this.#record(act);
  }

  /** Puts the CAs' own certificates in the inventory. */
  async #record(act?: Act): Promise<void> {
    const { store, clock } = this.#dependencies;
    const certificates = this.issuers.flatMap(({ certificates: own }) => own).map(asCredential);
    await store.credentials.recordAuthority(certificates, act ?? { actor: ITSELF, now: clock.now() });
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(step, step);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

function asCredential({
  kind,
  subject,
  serial,
  issuer,
  notBeforeMs,
  notAfterMs,
  der,
}: CertificateAuthority['certificates'][number]): NewAuthorityCertificate {
  return { kind, subject, serial, issuer, notBefore: notBeforeMs, notAfter: notAfterMs, der };
}
