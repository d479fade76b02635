import { X509Certificate } from 'node:crypto';
import type { Clock, Timer } from '@qconn/clock';
import {
  createCsr,
  importPrivateKeyPem,
  inspectCertificate,
  nextRenewal,
  renewalRetryDelay,
  TrustBundle,
  type Credential,
  type CredentialStore,
} from '@qconn/identity';
import { QconnError, type Renewed, type Trust } from '@qconn/protocol';
import type { Client } from '../client.ts';
import { recoverCredential } from './recover.ts';

/** What renewal works with. */
export interface RenewalDependencies {
  readonly clock: Clock;
  /** A fresh random number in [0, 1). */
  readonly random: () => number;
  readonly store: CredentialStore;
  readonly client: Client;
}

/** How often an expired credential is looked at while there is no connection, in milliseconds. */
const RECHECK_MS = 60_000;

/**
 * Renews the credential when it is due, for as long as the client lives. The new one is on disk, whole,
 * before it is used; the old one is given up only when the hub has welcomed the new one, so a crash at
 * any point locks nobody out.
 */
export class RenewalKeeper {
  readonly #dependencies: RenewalDependencies;
  #credential: Credential;
  #dialledWith: Credential | undefined;
  #random01: number;
  /** Monotonic time at which the hub handed out the current certificate; `undefined` for one from disk. */
  #heldSince: number | undefined;
  #attempt = 0;
  #timer: Timer | undefined;
  #closed = false;
  #renewing: Promise<void> | undefined;
  #promotions: Promise<void> = Promise.resolve();
  #updates: Promise<unknown> = Promise.resolve();
  /** The hub has called the certificate expired, whatever the clock here says. */
  #calledExpired = false;

  constructor(dependencies: RenewalDependencies, credential: Credential) {
    this.#dependencies = dependencies;
    this.#credential = credential;
    this.#random01 = dependencies.random();
  }

  /** The credential to connect with now. Whoever takes it is about to connect: a welcome then proves it. */
  takeCredential(): Credential {
    this.#dialledWith = this.#credential;
    return this.#credential;
  }

  /** Id of the trust bundle that is on disk. */
  get trustId(): string {
    return TrustBundle.parse(this.#credential.trustBundlePem).id;
  }

  /** Whether there is another credential than the one that was last dialled with. */
  get isNewer(): boolean {
    return this.#dialledWith !== undefined && this.#dialledWith !== this.#credential;
  }

  /** Takes the hub's word on whom to trust, and tells it once that is on disk. */
  takeTrust(trust: Trust): void {
    void this.#trust(trust).catch((cause: unknown) => this.#failed(cause));
  }

  /**
   * Renews a credential that has expired before anybody dials with it.
   * @throws QconnError as `recoverCredential`; what the disk refused it with
   */
  async beforeDial(): Promise<void> {
    const { clock, client } = this.#dependencies;
    if (clock.now() < this.#validity().notAfterMs && !this.#calledExpired) return;
    const recovered = await recoverCredential(this.#credential);
    await this.#update(() => recovered);
    this.#calledExpired = false;
    this.#begin();
    client.announce({ kind: 'renewed', expiresAt: this.#validity().notAfterMs });
    this.#lookAgain();
  }

  start(): void {
    this.#look();
    this.#promotions = this.#promoteProven();
  }

  /**
   * Renews at once, whatever the schedule says; one that is under way already is waited for.
   * @returns when the new certificate expires, in milliseconds since 1970
   * @throws QconnError what the hub or the disk refused it with; the old one stays in use and is tried again as usual
   */
  async renewNow(): Promise<number> {
    this.#timer?.cancel();
    await this.#renew();
    return this.#validity().notAfterMs;
  }

  /** Ends with the client, whose events have ended: what they have proven is on disk when it resolves. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#promotions;
  }

  /**
   * A welcome proves the credential that the connection was made with. One that was renewed since, over that
   * very connection, has proven nothing yet, whatever else happens on it, such as an approval.
   */
  async #promoteProven(): Promise<void> {
    const { client, store } = this.#dependencies;
    for await (const event of client.events()) {
      if (event.kind !== 'phase') continue;
      if (event.reason?.code === 'certificate_expired') this.#calledExpired = true;
      if (event.phase !== 'online' && event.phase !== 'pending') continue;
      if (this.#dialledWith !== this.#credential) continue;
      await store.promote().catch((cause: unknown) => this.#failed(cause));
    }
  }

  #look(): void {
    if (this.#closed) return;
    const { clock } = this.#dependencies;
    const held = this.#heldSince === undefined ? {} : { heldMs: clock.monotonic() - this.#heldSince };
    const { state, waitMs } = nextRenewal({
      ...this.#validity(),
      nowMs: clock.now(),
      random01: this.#random01,
      ...held,
    });
    // An expired one is renewed before it is dialled with, see `beforeDial`; a connection that has outlived it renews here.
    if (state === 'expired' && !this.#isConnected) this.#wait(RECHECK_MS);
    else if (state === 'waiting' || waitMs > 0) this.#wait(waitMs);
    else void this.#renew().catch(() => {}); // It has told of its failure and will try again.
  }

  get #isConnected(): boolean {
    const { phase } = this.#dependencies.client;
    return phase === 'online' || phase === 'pending';
  }

  #wait(ms: number): void {
    this.#timer = this.#dependencies.clock.setTimer(ms, () => this.#look());
  }

  #renew(): Promise<void> {
    this.#renewing ??= this.#renewOnce().finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  async #renewOnce(): Promise<void> {
    const { client, clock, random } = this.#dependencies;
    try {
      const csr = await createCsr(importPrivateKeyPem(this.#credential.privateKeyPem));
      const renewed = await client.renew(csr);
      await this.#update((credential) => withChain(credential, renewed));
      this.#begin();
      this.#tellHeld();
      client.announce({ kind: 'renewed', expiresAt: this.#validity().notAfterMs });
      this.#look();
    } catch (cause) {
      if (this.#closed) throw cause;
      this.#attempt++;
      const waitMs = renewalRetryDelay({
        attempt: this.#attempt,
        notAfterMs: this.#validity().notAfterMs,
        nowMs: clock.now(),
        random01: random(),
      });
      this.#failed(cause, clock.now() + waitMs);
      this.#wait(waitMs);
      throw cause;
    }
  }

  async #trust({ roots, renewWithinMs }: Trust): Promise<void> {
    const bundle = TrustBundle.parse(roots.map(certificatePem));
    if (bundle.id !== this.trustId) await this.#update((credential) => ({ ...credential, trustBundlePem: bundle.pem }));
    this.#tellHeld();
    if (renewWithinMs === undefined || this.#closed) return;
    const { clock, random } = this.#dependencies;
    this.#timer?.cancel();
    this.#timer = clock.setTimer(Math.floor(random() * renewWithinMs), () => void this.#renew().catch(() => {}));
  }

  /** Changes the credential: on disk first, one change after another. */
  async #update(change: (credential: Credential) => Credential): Promise<void> {
    const update = this.#updates.then(async () => {
      const changed = change(this.#credential);
      await this.#dependencies.store.stage(changed);
      this.#credential = changed;
    });
    this.#updates = update.catch(() => {});
    await update;
  }

  /** The certificate is new: its own time of renewal is drawn. */
  #begin(): void {
    const { clock, random } = this.#dependencies;
    this.#random01 = random();
    this.#heldSince = clock.monotonic();
    this.#attempt = 0;
  }

  #lookAgain(): void {
    this.#timer?.cancel();
    this.#look();
  }

  #tellHeld(): void {
    const { serial } = inspectCertificate(this.#credential.chainPem[0] as string);
    this.#dependencies.client.tellHeld({ trust: this.trustId, serial });
  }

  #failed(cause: unknown, retryAt?: number): void {
    const error = cause instanceof QconnError ? cause : new QconnError('internal', undefined, { cause });
    this.#dependencies.client.announce({ kind: 'renewalFailed', error, retryAt });
  }

  #validity(): { notBeforeMs: number; notAfterMs: number } {
    const leaf = new X509Certificate(this.#credential.chainPem[0] as string);
    return { notBeforeMs: leaf.validFromDate.getTime(), notAfterMs: leaf.validToDate.getTime() };
  }
}

function withChain(credential: Credential, { chain }: Renewed): Credential {
  return { ...credential, chainPem: chain.map(certificatePem) };
}

function certificatePem(der: Uint8Array): string {
  return new X509Certificate(der).toString();
}
