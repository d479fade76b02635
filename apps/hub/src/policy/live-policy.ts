import type { Policy } from '@qconn/authz';
import type { Clock, Timer } from '@qconn/clock';
import type { PolicyChange, PolicySnapshot, Store } from '@qconn/store';
import type { Logger } from '@qconn/startup';
import { Freshness } from './freshness.ts';
import { PolicyInForce } from './policy-in-force.ts';

/** What the live policy works with. */
export interface LivePolicyDependencies {
  readonly source: Pick<Store['policy'], 'load' | 'loadPart' | 'generation' | 'onChange'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long the hub may go on without its database. */
export interface LivePolicyOptions {
  /** Longest time that a policy may serve without being compared with the database, in milliseconds. */
  readonly maxAgeMs: number;
}

/** Which machines a change may have touched: some, or any. */
export type Touched = readonly string[] | 'all';

/**
 * How often the generation is compared with the database's: at most so many milliseconds apart, as the net under missed
 * announcements, and several times within the policy's greatest age, so that one slow answer ends nothing.
 */
const RESYNC_MAX_MS = 30_000;
const RESYNCS_PER_AGE = 3;

/** Wait before the database is asked again that could not be asked, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * How long a committed change may take to be announced, in milliseconds, before the whole policy is read instead.
 * Announcements take some milliseconds; reading the policy of a large fleet takes seconds of a core.
 */
const ANNOUNCED_WITHIN_MS = 500;

/**
 * Keeps the policy in force on this hub up with the database, by the database's announcements. Changes are applied one after
 * another, in the order of their generations.
 */
export class LivePolicy {
  readonly #source: LivePolicyDependencies['source'];
  readonly #clock: Clock;
  readonly #resyncMs: number;
  readonly #listeners = new Set<(touched: Touched) => void>();
  /** Whoever waits for a generation to come into force. */
  readonly #awaited = new Set<() => void>();
  readonly freshness: Freshness;
  readonly #inForce: PolicyInForce;
  /** Changes that are being applied, one after another. Never rejects. */
  #work: Promise<void> = Promise.resolve();
  #catchingUp: Promise<boolean> | undefined;
  #nextCatchUp: Promise<boolean> | undefined;
  #stopListening: () => void = () => {};
  #resync: Timer | undefined;
  #closed = false;

  private constructor(
    { source, clock, log }: LivePolicyDependencies,
    { maxAgeMs }: LivePolicyOptions,
    snapshot: PolicySnapshot,
  ) {
    this.#source = source;
    this.#clock = clock;
    this.#resyncMs = Math.min(RESYNC_MAX_MS, maxAgeMs / RESYNCS_PER_AGE);
    this.freshness = new Freshness({ clock, log, maxAgeMs });
    this.#inForce = new PolicyInForce(snapshot);
  }

  /** Loads the policy and keeps it live. @throws QconnError `database_unavailable` */
  static async start(dependencies: LivePolicyDependencies, options: LivePolicyOptions): Promise<LivePolicy> {
    const { source, clock } = dependencies;
    // Listening comes first, so that nothing falls between it and the load.
    const early: PolicyChange[] = [];
    let take = (change: PolicyChange): void => void early.push(change);
    const stop = await source.onChange((change) => take(change));
    const snapshot = await source.load({ now: clock.now() });
    const live = new LivePolicy(dependencies, options, snapshot);
    live.#stopListening = stop;
    take = (change) => void live.#inTurn(() => live.#apply(change));
    for (const change of early) take(change);
    live.#lookAgain(live.#resyncMs);
    return live;
  }

  get current(): Policy {
    return this.#inForce.policy;
  }

  /** The fingerprint of an enrolled machine by its fingerprint or hostname. */
  knownMachine(machine: string): string | undefined {
    return this.#inForce.knownMachine(machine);
  }

  /** Whether a credential that still verifies has been revoked. */
  isRevoked(serial: string): boolean {
    return this.#inForce.isRevoked(serial);
  }

  /** Tells a listener after each change that has come into force. */
  onChange(listener: (touched: Touched) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Resolves when every change that has been committed until now is in force on this hub. However many ask at once,
   * the database is asked by one of them at a time.
   * @returns false when the database could not be asked: the last policy stays in force
   */
  upToDate(): Promise<boolean> {
    if (this.#catchingUp !== undefined) {
      // What is under way may have begun before the change that this caller knows of: all who come now share the next.
      this.#nextCatchUp ??= this.#catchingUp.then(() => {
        this.#nextCatchUp = undefined;
        return this.upToDate();
      });
      return this.#nextCatchUp;
    }
    const catchingUp = this.#catchUp().finally(() => {
      this.#catchingUp = undefined;
    });
    this.#catchingUp = catchingUp;
    return catchingUp;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#resync?.cancel();
    this.#stopListening();
    this.freshness.close();
    for (const look of this.#awaited) look();
    await this.#catchingUp;
    await this.#work;
  }

  /** Compares the generation with the database's, and waits for what is missing. Loads everything if it does not come. */
  async #catchUp(): Promise<boolean> {
    const before = this.current.generation;
    const askedAt = this.#clock.monotonic();
    try {
      const generation = await this.#source.generation();
      // An older generation than ours is another history: the database was restored from a backup.
      const restored = generation < before;
      if (restored || !(await this.#announced(generation)))
        await this.#inTurn(async () => {
          if (restored || this.current.generation < generation) await this.#applyAll();
        });
    } catch (error) {
      this.#failed(error);
      return false;
    }
    if (this.#closed) return false;
    this.freshness.compared(askedAt);
    this.#lookAgain(this.#resyncMs);
    return true;
  }

  /** Waits for the announcement of a generation. @returns whether it is in force */
  #announced(generation: number): Promise<boolean> {
    return new Promise((resolve) => {
      const look = (): void => {
        const there = this.current.generation >= generation;
        if (!there && !this.#closed && !late) return;
        timer.cancel();
        this.#awaited.delete(look);
        resolve(there);
      };
      let late = false;
      const timer = this.#clock.setTimer(ANNOUNCED_WITHIN_MS, () => {
        late = true;
        look();
      });
      this.#awaited.add(look);
      look();
    });
  }

  /** Does something after all that was begun before. @throws what it throws, which does not stop what comes next */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work);
    this.#work = done.catch((error: unknown) => this.#failed(error));
    return done;
  }

  #failed(error: unknown): void {
    if (this.#closed) return;
    this.freshness.failed(error);
    this.#lookAgain(RETRY_MS);
  }

  async #apply(change: PolicyChange): Promise<void> {
    if (this.#closed) return;
    if (change.kind === 'changed' && change.generation <= this.current.generation) return;
    const next = change.kind === 'changed' && change.generation === this.current.generation + 1;
    if (next) await this.#applyPart(change);
    else await this.#applyAll();
  }

  async #applyPart(change: Extract<PolicyChange, { kind: 'changed' }>): Promise<void> {
    const { machines, roles } = change;
    this.#inForce.change(change, await this.#source.loadPart({ machines, roles, now: this.#clock.now() }));
    this.#tell(roles.length > 0 ? 'all' : machines);
  }

  async #applyAll(): Promise<void> {
    this.#inForce.replace(await this.#source.load({ now: this.#clock.now() }));
    this.#tell('all');
  }

  #tell(touched: Touched): void {
    for (const listener of this.#listeners) listener(touched);
    for (const look of this.#awaited) look();
  }

  #lookAgain(afterMs: number): void {
    this.#resync?.cancel();
    if (!this.#closed) this.#resync = this.#clock.setTimer(afterMs, () => void this.upToDate());
  }
}
