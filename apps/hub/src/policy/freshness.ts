import type { Clock, Timer } from '@qconn/clock';
import type { Logger } from '@qconn/startup';

/** What the freshness of a policy is judged with. */
export interface FreshnessDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  /** Longest time that a policy may serve without having been compared with the database, in milliseconds. */
  readonly maxAgeMs: number;
}

/**
 * How long ago the policy in force was the database's. A hub without its database serves on its last policy, but
 * no longer than `maxAgeMs`: a revocation cannot be outwaited by keeping the hub from hearing of it.
 */
export class Freshness {
  readonly #dependencies: FreshnessDependencies;
  readonly #listeners = new Set<() => void>();
  #comparedAt: number;
  #reachable = true;
  #stale = false;
  #timer: Timer;

  constructor(dependencies: FreshnessDependencies) {
    this.#dependencies = dependencies;
    this.#comparedAt = dependencies.clock.monotonic();
    this.#timer = this.#arm();
  }

  /** When it was last compared with the database's: monotonic milliseconds. */
  get comparedAt(): number {
    return this.#comparedAt;
  }

  /** Whether the last look at the database succeeded. */
  get reachable(): boolean {
    return this.#reachable;
  }

  /** Whether the policy is too old to serve by. */
  get stale(): boolean {
    return this.#stale;
  }

  /** Tells a listener when the policy becomes too old. */
  onStale(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** The policy in force is the one that the database had. @param askedAt monotonic milliseconds */
  compared(askedAt: number): void {
    const { log } = this.#dependencies;
    this.#comparedAt = askedAt;
    if (!this.#reachable) log.warn({ event: 'database_regained' }, 'The database is back; the policy is up to date.');
    if (this.#stale) log.warn({ event: 'policy_fresh' }, 'The hub serves again.');
    this.#reachable = true;
    this.#stale = false;
    this.#timer.cancel();
    this.#timer = this.#arm();
  }

  /** The database could not be asked. Said once, not at every try. */
  failed(error: unknown): void {
    if (!this.#reachable) return;
    this.#reachable = false;
    this.#dependencies.log.error(
      { event: 'database_lost', err: error, servesForMs: Math.max(0, Math.ceil(this.#leftMs)) },
      'The database cannot be asked for the policy; the last one stays in force for now.',
    );
  }

  close(): void {
    this.#timer.cancel();
  }

  get #leftMs(): number {
    const { clock, maxAgeMs } = this.#dependencies;
    return this.#comparedAt + maxAgeMs - clock.monotonic();
  }

  #arm(): Timer {
    return this.#dependencies.clock.setTimer(this.#leftMs, () => this.#aged());
  }

  #aged(): void {
    this.#stale = true;
    this.#dependencies.log.error(
      { event: 'policy_stale', maxAgeMs: this.#dependencies.maxAgeMs },
      'The policy has not been compared with the database for too long: the hub serves nobody until it is.',
    );
    for (const listener of this.#listeners) listener();
  }
}
