import type { Clock, Timer } from '@qconn/clock';
import type { Logger } from '@qconn/startup';
import type { CredentialEntry, Store } from '@qconn/store';
import type { HubAuthority } from './authority/hub-authority.ts';

/** What housekeeping works with. */
export interface HousekeepingDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly store: {
    readonly credentials: Pick<Store['credentials'], 'list'>;
    readonly sweep: Store['sweep'];
  };
  readonly authority: Pick<HubAuthority, 'issuing' | 'reload' | 'rotation'>;
  /** Whether a machine is connected to this hub: then it renews by itself. */
  readonly isOnline: (fingerprint: string) => boolean;
}

export interface HousekeepingOptions {
  /** Validity of a machine's certificate, in milliseconds. */
  readonly validityMs: number;
  readonly graceMs: number;
  readonly keepExpiredMs: number;
}

/** Certificates of machines that nobody renews, as of the last look. */
export interface AtRisk {
  /** Live, past the time of renewal, and not connected here. */
  readonly expiresSoon: number;
  /** Expired, with little left of the grace period. */
  readonly lapsesSoon: number;
}

/** How often the hub checks whether its issuing CA was renewed by hand, in milliseconds. */
const LOOK_MS = 60_000;

/** Checks between two rounds of everything else: an hour. */
const ROUND_LOOKS = 60;

/** Share of its lifetime after which a certificate should have been renewed: 2/3, the widest jitter, and some tries. */
const OVERDUE_AT = 0.8;

/** Time before the end of the grace period at which there is a warning, in milliseconds. */
const LAPSE_WARNING_MS = 3 * 86_400_000;

/** Time before the end of the issuing CA at which there is a warning, in milliseconds. */
const CA_WARNING_MS = 30 * 86_400_000;

/** Machines that are looked at in a round, and of them those that have a line of their own in the log. */
const LOOKED_AT_MAX = 1_000;
const NAMED_MAX = 20;

/** Rows that a sweep deletes in one transaction, and transactions in a round: few enough to disturb nobody. */
const SWEEP_ROWS = 500;
const SWEEPS_MAX = 20;

/** What a hub does once an hour: deletes what expired long ago, and warns of certificates that end and that nobody renews. */
export class Housekeeping {
  readonly #dependencies: HousekeepingDependencies;
  readonly #options: HousekeepingOptions;
  #warned = new Set<string>();
  #looks = 0;
  #timer: Timer | undefined;
  #work: Promise<void> = Promise.resolve();
  #closed = false;
  #atRisk: AtRisk = { expiresSoon: 0, lapsesSoon: 0 };

  constructor(dependencies: HousekeepingDependencies, options: HousekeepingOptions) {
    this.#dependencies = dependencies;
    this.#options = options;
  }

  start(): void {
    this.#timer = this.#arm();
  }

  get atRisk(): AtRisk {
    return this.#atRisk;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#work;
  }

  #arm(): Timer {
    return this.#dependencies.clock.setTimer(LOOK_MS, () => {
      this.#work = this.#look().finally(() => {
        if (!this.#closed) this.#timer = this.#arm();
      });
    });
  }

  /** A part that fails is logged, and tried again the next time. */
  async #look(): Promise<void> {
    await this.#attempt('authority_not_reloaded', async () => {
      if (await this.#dependencies.authority.reload())
        this.#dependencies.log.info({ event: 'issuing_ca_renewed' }, 'The issuing CA was renewed by hand.');
    });
    if (this.#looks++ % ROUND_LOOKS !== 0) return;
    await this.#attempt('sweep_failed', () => this.#sweep());
    await this.#attempt('expiry_not_looked_at', () => this.#warn());
  }

  async #attempt(event: string, part: () => Promise<void>): Promise<void> {
    try {
      await part();
    } catch (err) {
      this.#dependencies.log.warn({ event, err }, 'A part of the hub’s housekeeping failed; it is tried again.');
    }
  }

  async #sweep(): Promise<void> {
    const { store, clock } = this.#dependencies;
    const now = clock.now();
    const before = now - this.#options.keepExpiredMs;
    for (let sweeps = 0; sweeps < SWEEPS_MAX && !this.#closed; sweeps++) {
      const range = { credentialsBefore: before, tokensBefore: before, limit: SWEEP_ROWS };
      const { credentials, tokens } = await store.sweep({ ...range, actor: 'hub', now });
      if (credentials < SWEEP_ROWS && tokens < SWEEP_ROWS) return;
    }
  }

  async #warn(): Promise<void> {
    const { store, clock, isOnline } = this.#dependencies;
    const { validityMs, graceMs } = this.#options;
    const now = clock.now();
    const of = { now, kind: 'machine', lastOnly: true, limit: LOOKED_AT_MAX } as const;
    const soon = now + validityMs * (1 - OVERDUE_AT);
    const expiring = await store.credentials.list({ ...of, status: 'live', expiresBefore: soon });
    const left = { expiresFrom: now - graceMs, expiresBefore: now - graceMs + LAPSE_WARNING_MS };
    const lapsing = await store.credentials.list({ ...of, status: 'expired', ...left });
    const expiresSoon = expiring.items.filter(
      (entry) => isKept(entry) && isOverdue(entry, now) && !isOnline(entry.machine ?? ''),
    );
    const lapsesSoon = lapsing.items.filter((entry) => entry.machineStatus === 'authorized');
    this.#atRisk = { expiresSoon: expiresSoon.length, lapsesSoon: lapsesSoon.length };
    this.#name(
      'credential_expires_soon',
      expiresSoon,
      'A machine’s certificate ends soon, and it is not here to renew it.',
    );
    this.#name(
      'credential_lapses_soon',
      lapsesSoon,
      'A machine has been away since its certificate expired; soon it will need a new approval.',
    );
    this.#warned = new Set([...expiresSoon, ...lapsesSoon].map(({ serial, status }) => `${serial} ${status}`));
    this.#warnOfAuthority(now);
  }

  /** Each certificate has its line once. */
  #name(event: string, entries: readonly CredentialEntry[], text: string): void {
    const { log } = this.#dependencies;
    const fresh = entries.filter(({ serial, status }) => !this.#warned.has(`${serial} ${status}`));
    for (const { machine, hostname, serial, notAfter } of fresh.slice(0, NAMED_MAX))
      log.warn({ event, machine, hostname, serial, expiresAt: new Date(notAfter).toISOString() }, text);
    if (fresh.length > NAMED_MAX)
      log.warn(
        { event, machines: fresh.length - NAMED_MAX },
        `${text} More machines are in the same case: qconn certs --status live --last`,
      );
  }

  #warnOfAuthority(now: number): void {
    const { authority, log } = this.#dependencies;
    const { issuingNotAfterMs, rootNotAfterMs, holdsRootKey } = authority.issuing;
    if (issuingNotAfterMs - now > CA_WARNING_MS) return;
    const rootEnds = rootNotAfterMs <= issuingNotAfterMs;
    log.warn(
      {
        event: 'ca_expires_soon',
        expiresAt: new Date(issuingNotAfterMs).toISOString(),
        rootEnds,
        rootKeyHere: holdsRootKey,
      },
      rootEnds
        ? 'The root ends, and no certificate outlives it: replace it (qconn ca prepare).'
        : holdsRootKey
          ? 'The issuing CA ends, and no certificate outlives it: renew it (qconn ca renew-issuing).'
          : 'The issuing CA ends, and no certificate outlives it: renew it with the root’s key (qconn-hub ca renew-issuing --root-key FILE).',
    );
  }
}

function isKept({ machineStatus }: CredentialEntry): boolean {
  return machineStatus === 'authorized' || machineStatus === 'pending';
}

function isOverdue({ notBefore, notAfter }: CredentialEntry, now: number): boolean {
  return now > notBefore + (notAfter - notBefore) * OVERDUE_AT;
}
