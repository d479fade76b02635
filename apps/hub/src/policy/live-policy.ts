import { compilePolicy, type Policy, type Principal } from '@qconn/authz';
import type { Clock, Timer } from '@qconn/clock';
import type { PolicyChange, PolicyMachine, PolicySnapshot, Store } from '@qconn/store';
import type { Logger } from '@qconn/startup';

/** What the live policy works with. */
export interface LivePolicyDependencies {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Which machines a change may have touched: some, or any. */
export type Touched = readonly string[] | 'all';

/** How often the generation is compared with the database's, in milliseconds: the net under missed notifications. */
const RESYNC_MS = 30_000;

/**
 * The policy in force on this hub: compiled from the database, kept up with it by its
 * announcements. Changes are applied one after another, in the order of their generations.
 */
export class LivePolicy {
  readonly #dependencies: LivePolicyDependencies;
  readonly #listeners = new Set<(touched: Touched) => void>();
  #policy: Policy;
  #fingerprints: Map<string, string>;
  #revokedSerials: Set<string>;
  #comparedAt: number;
  #work: Promise<void> = Promise.resolve();
  #stopListening: () => void = () => {};
  #resync: Timer | undefined;
  #closed = false;

  private constructor(dependencies: LivePolicyDependencies, snapshot: PolicySnapshot) {
    this.#dependencies = dependencies;
    this.#policy = compilePolicy(sourceOf(snapshot));
    this.#fingerprints = hostnamesOf(snapshot);
    this.#revokedSerials = new Set(snapshot.revokedSerials);
    this.#comparedAt = dependencies.clock.monotonic();
  }

  /** Loads the policy and keeps it live. @throws QconnError `database_unavailable` */
  static async start(dependencies: LivePolicyDependencies): Promise<LivePolicy> {
    const { store, clock } = dependencies;
    // Listening comes first, so that nothing falls between it and the load.
    const early: PolicyChange[] = [];
    let take = (change: PolicyChange): void => void early.push(change);
    const stop = await store.policy.onChange((change) => take(change));
    const live = new LivePolicy(dependencies, await store.policy.load({ now: clock.now() }));
    live.#stopListening = stop;
    take = (change) => live.#enqueue(change);
    for (const change of early) take(change);
    live.#armResync();
    return live;
  }

  get current(): Policy {
    return this.#policy;
  }

  /** When it was last compared with the database's: monotonic milliseconds. */
  get comparedAt(): number {
    return this.#comparedAt;
  }

  /** The fingerprint of an enrolled machine by its fingerprint or hostname. */
  knownMachine(machine: string): string | undefined {
    return this.#policy.machine(machine) === undefined ? this.#fingerprints.get(machine) : machine;
  }

  /** Whether a credential that still verifies has been revoked. */
  isRevoked(serial: string): boolean {
    return this.#revokedSerials.has(serial);
  }

  /** Tells a listener after each change that has come into force. */
  onChange(listener: (touched: Touched) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Resolves when every change that has been committed until now is in force on this hub.
   * @returns false when the database could not be asked: the last policy stays in force
   */
  async upToDate(): Promise<boolean> {
    const compared = this.#work.then(() => this.#compareGenerations());
    this.#work = compared.then(() => {});
    return compared;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#resync?.cancel();
    this.#stopListening();
    await this.#work;
  }

  #enqueue(change: PolicyChange): void {
    this.#work = this.#work
      .then(() => this.#apply(change))
      .catch((error: unknown) => {
        this.#dependencies.log.error(
          { err: error },
          'The policy could not be brought up to date; the next resync tries again.',
        );
      });
  }

  async #apply(change: PolicyChange): Promise<void> {
    if (this.#closed) return;
    if (change.kind === 'changed' && change.generation <= this.#policy.generation) return;
    const next = change.kind === 'changed' && change.generation === this.#policy.generation + 1;
    if (next) await this.#applyPart(change);
    else await this.#applyAll();
  }

  async #applyPart({ generation, machines, roles }: Extract<PolicyChange, { kind: 'changed' }>): Promise<void> {
    const { store, clock } = this.#dependencies;
    const part = await store.policy.loadPart({ machines, roles, now: clock.now() });
    const found = new Set(part.machines.map(({ fingerprint }) => fingerprint));
    const defined = new Set(part.roles.map(({ name }) => name));
    this.#forgetHostnames(machines);
    this.#policy = this.#policy.with({
      generation,
      machines: part.machines.map(principalOf),
      removedMachines: machines.filter((fingerprint) => !found.has(fingerprint)),
      roles: part.roles,
      removedRoles: roles.filter((name) => !defined.has(name)),
    });
    for (const { fingerprint, hostname } of part.machines)
      if (hostname !== null) this.#fingerprints.set(hostname, fingerprint);
    for (const serial of part.revokedSerials) this.#revokedSerials.add(serial);
    this.#tell(roles.length > 0 ? 'all' : machines);
  }

  async #applyAll(): Promise<void> {
    const { store, clock } = this.#dependencies;
    const snapshot = await store.policy.load({ now: clock.now() });
    this.#policy = compilePolicy(sourceOf(snapshot));
    this.#fingerprints = hostnamesOf(snapshot);
    this.#revokedSerials = new Set(snapshot.revokedSerials);
    this.#tell('all');
  }

  #forgetHostnames(machines: readonly string[]): void {
    for (const fingerprint of machines) {
      const hostname = this.#policy.machine(fingerprint)?.hostname;
      if (hostname !== undefined && this.#fingerprints.get(hostname) === fingerprint)
        this.#fingerprints.delete(hostname);
    }
  }

  #tell(touched: Touched): void {
    for (const listener of this.#listeners) listener(touched);
  }

  #armResync(): void {
    this.#resync = this.#dependencies.clock.setTimer(RESYNC_MS, () => {
      this.#work = this.#work.then(async () => void (await this.#compareGenerations()));
      void this.#work.finally(() => {
        if (!this.#closed) this.#armResync();
      });
    });
  }

  async #compareGenerations(): Promise<boolean> {
    try {
      const askedAt = this.#dependencies.clock.monotonic();
      if ((await this.#dependencies.store.policy.generation()) !== this.#policy.generation) await this.#applyAll();
      this.#comparedAt = askedAt;
      return true;
    } catch (error) {
      this.#dependencies.log.error(
        { err: error },
        'The database could not be asked for the policy’s generation; the last policy stays in force.',
      );
      return false;
    }
  }
}

function sourceOf({ generation, roles, machines }: PolicySnapshot): Parameters<typeof compilePolicy>[0] {
  return { generation, roles, machines: machines.map(principalOf) };
}

function principalOf({ fingerprint, status, hostname, labels, roles }: PolicyMachine): Principal {
  return { fingerprint, status, hostname: hostname ?? undefined, labels, roles };
}

function hostnamesOf({ machines }: PolicySnapshot): Map<string, string> {
  return new Map(
    machines.flatMap(({ hostname, fingerprint }) => (hostname === null ? [] : [[hostname, fingerprint] as const])),
  );
}
