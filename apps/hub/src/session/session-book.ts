import { randomUUID } from 'node:crypto';
import { PackedWriter, QconnError, type GoAway } from '@qconn/protocol';
import type { Connection } from '@qconn/transport';
import type { LivePolicy, Touched } from '../policy/live-policy.ts';
import type { AuthContext } from './auth-context.ts';
import { authContext } from './identity-provider.ts';
import { MachineSession, type SessionDependencies } from './machine-session.ts';

/** Every machine session of this hub, kept in step with the policy. */
export class SessionBook {
  readonly #policy: LivePolicy;
  readonly #dependencies: SessionDependencies;
  readonly #sessions = new Map<string, MachineSession>();
  readonly #byMachine = new Map<string, Set<MachineSession>>();

  constructor(policy: LivePolicy, dependencies: Omit<SessionDependencies, 'writer'>) {
    this.#policy = policy;
    this.#dependencies = { ...dependencies, writer: new PackedWriter({ reuses: true }) };
    policy.onChange((touched) => this.#policyChanged(touched));
    policy.freshness.onStale(() => this.#policyStale());
  }

  /** The `qconn/1` handler of the ALPN router. */
  accept(connection: Connection, auth: AuthContext): void {
    const session = new MachineSession(randomUUID(), connection, auth, this.#dependencies);
    this.#add(session);
    void session.ended.finally(() => this.#remove(session));
    // A change may have come since the identity provider answered; only sessions are told of changes.
    if (auth.generation !== this.#policy.current.generation) this.#refresh(session);
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Whether a machine is connected to this hub now. */
  isOnline(fingerprint: string): boolean {
    return [...(this.#byMachine.get(fingerprint) ?? [])].some(({ connection }) => connection.established);
  }

  /** Live sessions, for lists. */
  [Symbol.iterator](): Iterator<MachineSession> {
    return this.#sessions.values();
  }

  /** Asks every machine to connect elsewhere or later. */
  sendAway(goAway: GoAway): void {
    for (const session of this.#sessions.values()) session.sendAway(goAway);
  }

  /** A machine's rights, hostname or status have changed: its sessions get a new auth context, or end. */
  #policyChanged(touched: Touched): void {
    const sessions =
      touched === 'all'
        ? [...this.#sessions.values()]
        : touched.flatMap((fingerprint) => [...(this.#byMachine.get(fingerprint) ?? [])]);
    for (const session of sessions) this.#refresh(session);
    this.#dependencies.relay.sweepRevoked(
      touched,
      (fingerprint) => this.#policy.current.machine(fingerprint)?.status === 'revoked',
    );
  }

  /** Nobody knows any more who has been revoked. The machines come back until they are let in again. */
  #policyStale(): void {
    for (const session of this.#sessions.values()) session.close(new QconnError('policy_stale'));
  }

  #refresh(session: MachineSession): void {
    try {
      session.replaceAuth(authContext(session.auth, this.#policy));
    } catch (error) {
      if (!(error instanceof QconnError)) throw error;
      session.close(error);
    }
  }

  #add(session: MachineSession): void {
    const { fingerprint } = session.auth;
    this.#sessions.set(session.id, session);
    this.#byMachine.set(fingerprint, (this.#byMachine.get(fingerprint) ?? new Set()).add(session));
  }

  #remove(session: MachineSession): void {
    const { fingerprint } = session.auth;
    this.#sessions.delete(session.id);
    const ofMachine = this.#byMachine.get(fingerprint);
    ofMachine?.delete(session);
    if (ofMachine?.size === 0) this.#byMachine.delete(fingerprint);
  }
}
