import type { Clock, Timer } from '@qconn/clock';
import { QconnError, type Device, type GoAway, type MachineStatus, type Trust, type Welcome } from '@qconn/protocol';
import type { CloseInfo, Connection } from '@qconn/transport';
import { EventStream } from '../event-stream.ts';
import type { Jobs } from '../exchange/jobs.ts';
import { Session, type SessionObserver } from '../session/session.ts';
import { AddressWatch } from './address-watch.ts';
import { asQconnError } from './as-qconn-error.ts';
import type { ClientEvent } from './client-event.ts';
import { Dialling } from './dialling.ts';
import type { EarlyData } from './hub-dialer.ts';
import type { Resolution } from './hub-resolver.ts';
import { PathLook } from './path-look.ts';
import { isLost, saysNobodyListens, type PathFailure } from './path-verdict.ts';
import { quietMoment } from './quiet-moment.ts';
import { Registrations } from './registrations.ts';
import {
  INITIAL,
  isPermanent,
  supervise,
  type Phase,
  type SupervisorAction,
  type SupervisorEvent,
  type SupervisorState,
} from './supervisor.ts';

/** What an uplink needs from outside. */
export interface UplinkDependencies {
  readonly clock: Clock;
  /** A fresh random number in [0, 1). */
  readonly random: () => number;
  /**
   * Connects to a hub, whichever answers; the handshake has finished when it resolves. `early` says hello before that
   * on a connection for which there is a ticket; not on every dial, and where several addresses are tried, on one.
   */
  readonly dial: (signal: AbortSignal, early: EarlyData) => Promise<Connection>;
  readonly jobs: Jobs;
  /** The IP addresses that this computer has now. Without it a lost one shows only by silence. */
  readonly addresses?: () => ReadonlySet<string>;
  /** Where the hub's name points now. Without it a name is resolved only to connect. @throws QconnError */
  readonly resolveAgain?: () => Promise<Resolution>;
  /** Keeps the credential; without it nobody hears what the hub says of whom to trust. */
  readonly keeping?: CredentialKeeping;
}

/** What an uplink asks and tells of the credential that it connects with. */
export interface CredentialKeeping {
  /** Id of the trust bundle in it. */
  readonly trustId: () => string;
  /** Takes what the hub says of whom to trust, and when to renew. */
  readonly takeTrust: (trust: Trust) => void;
  /** Whether there is another credential than the one that was last dialled with. */
  readonly isNewer: () => boolean;
}

/** Which connection to wait for, and until when. */
export interface ConnectedOptions {
  /** `connected`: pending or online; `online`: authorized. Default `connected`. */
  readonly phase?: 'connected' | 'online';
  readonly signal?: AbortSignal;
}

/** Drives the supervisor: keeps one session with a hub for as long as its owner wants it. */
export class Uplink {
  readonly #dependencies: UplinkDependencies;
  readonly #dialling: Dialling;
  readonly #registrations: Registrations;
  readonly events: EventStream<ClientEvent> = new EventStream();
  #state: SupervisorState = INITIAL;
  #session: Session | undefined;
  /** Sessions of hubs that sent this client away, while work is in flight on them. */
  readonly #leaving = new Set<Session>();
  #welcome: Welcome | undefined;
  #machine: MachineStatus | undefined;
  #lastError: QconnError | undefined;
  /** The last failure was that of a credential in whose place there is another by now. */
  #triesAnother = false;
  #timer: Timer | undefined;
  #pathLook: PathLook | undefined;
  #pathFailure: PathFailure = 'silence';
  #addressWatch: AddressWatch | undefined;
  /** What a session says counts while it is the current one: one that was let go changes nothing here. */
  readonly #observer: SessionObserver = {
    welcomed: (session, welcome) => this.#welcomed(session, welcome),
    statusChanged: (session, status) => {
      if (session === this.#session) this.#statusChanged(status);
    },
    sentAway: (session, goAway) => {
      if (session === this.#session) this.#sentAway(goAway);
    },
    trustChanged: (session, trust) => {
      if (session === this.#session) this.#dependencies.keeping?.takeTrust(trust);
    },
  };

  constructor(dependencies: UplinkDependencies, agent: string) {
    this.#dependencies = dependencies;
    const { clock, dial, jobs, keeping } = dependencies;
    const begin = (connection: Connection): Session =>
      Session.begin(connection, agent, { clock, jobs, observer: this.#observer, trust: keeping?.trustId() });
    this.#dialling = new Dialling(dial, begin);
    this.#registrations = new Registrations(jobs, this.events);
  }

  start(): void {
    this.#step({ kind: 'start' });
  }

  get phase(): Phase {
    return this.#state.phase;
  }

  /** The live session; `undefined` while there is none. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** Something is about to be sent: whether it is answered is watched closely. */
  expectAnswer(): void {
    this.#pathLook?.expect();
  }

  /** Requests that wait for their outcome over any connection; `undefined` without a connection. */
  get inFlight(): number | undefined {
    const sessions = this.#sessions();
    return sessions.length === 0 ? undefined : sessions.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  get welcome(): Welcome | undefined {
    return this.#welcome;
  }

  get machine(): MachineStatus | undefined {
    return this.#machine;
  }

  get lastError(): QconnError | undefined {
    return this.#lastError;
  }

  /** Waits for a connection; see {@link Client.connected} for what it throws. */
  async connected({ phase = 'connected', signal }: ConnectedOptions): Promise<Welcome> {
    const events = this.events.read();
    const abort = (): void => void events.return?.();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      for (;;) {
        const there = this.phase === 'online' || (this.phase === 'pending' && phase === 'connected');
        if (there && this.#welcome !== undefined) return this.#welcome;
        if (this.#lastError !== undefined && (this.#isRefused || this.phase === 'stopped')) throw this.#lastError;
        if (signal?.aborted === true || (await events.next()).done === true) throw this.notConnected();
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      await events.return?.();
    }
  }

  /** Registers a device with the hub of a session. @throws QconnError what the hub refuses it with */
  register(session: Session, device: Device): Promise<void> {
    return this.#registrations.register(session, device);
  }

  /** The error for work that needs a connection which is not there. */
  notConnected(): QconnError {
    if (this.phase === 'stopped') return new QconnError('closed', 'The client was closed by its owner.');
    const why = this.#lastError === undefined ? '' : ` ${this.#lastError.message}`;
    return new QconnError(this.#lastError?.code ?? 'unreachable', `The client is not connected.${why}`, {
      cause: this.#lastError,
    });
  }

  /** Ends the session and the supervisor. Does not wait for work in flight. */
  async close(): Promise<void> {
    const sessions = this.#sessions();
    this.#lastError = new QconnError('closed', 'The client was closed by its owner.');
    this.#step({ kind: 'stop' });
    await Promise.all(sessions.map(({ ended }) => ended));
    this.events.end();
  }

  /** Whether it takes a person to let this client in. */
  get #isRefused(): boolean {
    return this.#lastError !== undefined && isPermanent(this.#lastError) && !this.#triesAnother;
  }

  #sessions(): Session[] {
    return this.#session === undefined ? [...this.#leaving] : [...this.#leaving, this.#session];
  }

  #step(event: SupervisorEvent): void {
    const before = this.#state;
    const { state, actions } = supervise(before, event, this.#dependencies.random());
    this.#state = state;
    if (state.phase !== before.phase) {
      const waitMs = actions.find((action) => action.kind === 'wait')?.ms;
      this.events.emit({ kind: 'phase', phase: state.phase, reason: this.#lastError, waitMs });
    }
    for (const action of actions) this.#act(action);
  }

  #act(action: SupervisorAction): void {
    switch (action.kind) {
      case 'dial':
        void this.#dial();
        return;
      case 'wait':
        this.#timer?.cancel();
        this.#timer = this.#dependencies.clock.setTimer(action.ms, () => this.#step({ kind: 'waited' }));
        return;
      case 'letGo':
        if (this.#session !== undefined) this.#leaving.add(this.#session);
        this.#session = undefined;
        return;
      case 'move':
        if (this.#session !== undefined) void this.#move(this.#session);
        return;
      case 'abandon':
        this.#abandon();
        return;
      case 'hangUp':
        this.#timer?.cancel();
        this.#addressWatch?.stop();
        // Sessions first, for they know what is still to be said; what has no session yet ends with its dialling.
        for (const session of this.#sessions()) session.close();
        this.#dialling.abort();
        return;
    }
  }

  async #dial(): Promise<void> {
    try {
      await this.#dialling.connect();
    } catch (error) {
      this.#failed(error);
    }
  }

  #welcomed(session: Session, welcome: Welcome): void {
    // One that is left for a better address may have work in flight.
    if (this.#session !== undefined) this.#leaving.add(this.#session);
    this.#session = session;
    this.#welcome = welcome;
    this.#lastError = undefined;
    void session.ended.then((info) => this.#ended(session, info));
    this.#pathLook?.stop();
    this.#pathLook = new PathLook(session.connection, this.#dependencies, (verdict) => {
      if (verdict === 'refused') return this.#refused(session);
      this.#pathFailure = verdict;
      this.#step({ kind: 'pathFailed' });
    });
    this.#watchAddress(session);
    // Devices first: whoever waits for the phase may count on them.
    this.#registerAll(session);
    this.#machine = { status: welcome.status, hostname: welcome.hostname, roles: welcome.roles };
    this.#step({ kind: 'welcomed', status: welcome.status === 'authorized' ? 'authorized' : 'pending' });
    this.events.emit({ kind: 'machine', machine: this.#machine });
  }

  #watchAddress(session: Session): void {
    this.#addressWatch?.stop();
    const { clock, resolveAgain } = this.#dependencies;
    if (resolveAgain === undefined) return;
    const { connection } = session;
    this.#addressWatch = new AddressWatch(connection, { clock, resolveAgain }, () => void this.#goTo(session));
  }

  /** The hub's name points elsewhere: connects there at a quiet moment, and only then leaves where it was. */
  async #goTo(session: Session): Promise<void> {
    // Where nothing comes from there is nothing to wait for.
    const silent = session.connection.path.unansweredMs > 0;
    if (!silent) await quietMoment(session, this.#dependencies);
    if (this.#session !== session) return;
    try {
      await this.#dialling.connect();
    } catch {
      // Nobody answers there yet: the connection stands, and the name is asked again.
      if (this.#session === session) this.#watchAddress(session);
      return;
    }
    this.events.emit({ kind: 'hubMoved', from: session.connection.remote });
    if (!silent) await quietMoment(session, this.#dependencies);
    session.close(silent ? 'unreachable' : undefined);
  }

  async #move(session: Session): Promise<void> {
    const failure = this.#pathFailure;
    const { clock } = this.#dependencies;
    const { connection } = session;
    const begun = clock.monotonic();
    this.#pathLook?.moving();
    this.#addressWatch?.suspect();
    try {
      await connection.migrate();
      if (this.#session !== session) return;
      this.events.emit({ kind: 'moved', failure });
      this.#step({ kind: 'moved' });
    } catch (cause) {
      if (this.#session !== session) return;
      this.#lastError = asQconnError(cause);
      this.events.emit({ kind: 'notMoved', failure, error: this.#lastError });
      this.#step({ kind: 'notMoved', lost: isLost(failure, connection.path, clock.monotonic() - begun) });
    }
  }

  #refused({ connection }: Session): void {
    this.#lastError = connection.path.error;
    this.#step({ kind: 'pathFailed', refused: true });
  }

  #abandon(): void {
    const session = this.#session;
    this.#session = undefined;
    this.#pathLook?.stop();
    this.#addressWatch?.stop();
    session?.close('unreachable');
  }

  /** A hub that says nothing of a device is left: the next connection may find it well. */
  #registerAll(session: Session): void {
    const current = (): boolean => this.#session === session;
    this.#registrations.registerAll(session, current, (error) => {
      this.#lastError = error;
      session.close();
    });
  }

  #statusChanged(status: MachineStatus): void {
    this.#machine = status;
    if (status.status !== 'revoked') this.#step({ kind: 'statusChanged', status: status.status });
    this.events.emit({ kind: 'machine', machine: status });
    // With other roles the policy may let it provide other devices: registering one again tells.
    if (this.#session !== undefined) this.#registerAll(this.#session);
  }

  #sentAway({ code, reason, spreadMs }: GoAway): void {
    this.#lastError = new QconnError(code, reason);
    this.#step({ kind: 'sentAway', spreadMs });
  }

  #ended(session: Session, info: CloseInfo): void {
    this.#leaving.delete(session);
    if (this.#session !== session) return;
    this.#session = undefined;
    if (this.phase === 'pending' || this.phase === 'online') this.#failed(info.error);
  }

  #failed(error: unknown): void {
    if (this.phase === 'stopped') return;
    this.#lastError = this.#dialling.asOfNow(asQconnError(error));
    const another = (this.#triesAnother = this.#dependencies.keeping?.isNewer() === true);
    const nobodyListens = saysNobodyListens(this.#lastError);
    this.#step({ kind: 'failed', error: this.#lastError, another, nobodyListens });
  }
}
