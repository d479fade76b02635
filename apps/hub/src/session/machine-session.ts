import type { Clock, Timer } from '@qconn/clock';
import {
  decodeHello,
  decodeTrustHeld,
  encodeCallFailed,
  encodeGoAway,
  encodeStatus,
  encodeWelcome,
  FrameType,
  frameTypeName,
  HANDSHAKE_DEADLINE_MS,
  QconnError,
  type BodyOpening,
  type Frame,
  type GoAway,
  type Hello,
  type PackedWriter,
  type TrustHeld,
} from '@qconn/protocol';
import type { Session, SessionTable } from '@qconn/routing';
import {
  Lanes,
  openBodyStream,
  type CloseInfo,
  type Connection,
  type FailedHandler,
  type Stream,
} from '@qconn/transport';
import type { Peer } from '../relay/peer.ts';
import type { HubFrameMemory } from '../relay/frame-memory.ts';
import type { Intake } from '../relay/intake.ts';
import type { Relay } from '../relay/relay.ts';
import type { AuthContext } from './auth-context.ts';
import type { SessionCalls } from './session-calls.ts';
import type { Watches } from './watches.ts';

/** What a session works with. */
export interface SessionDependencies {
  readonly clock: Clock;
  readonly sessions: SessionTable<Peer>;
  readonly relay: Relay;
  readonly intake: Intake;
  readonly memory: HubFrameMemory;
  readonly calls: SessionCalls;
  readonly watches: Watches;
  /** The hub's id, and the id of this run of it. */
  readonly hub: { readonly id: string; readonly epoch: string };
  readonly shortCode: (fingerprint: string) => string;
  readonly observer: SessionObserver;
  /** One for all sessions: they send each frame at once, and its memory would be most of what a session takes. */
  readonly writer: PackedWriter;
}

/** Told of a session's life, for the log and the metrics. */
export interface SessionObserver {
  /** A verified peer was turned away: unknown to this hub, or revoked. */
  refused?(failed: FailedHandler): void;
  began(session: MachineSession, hello: Hello): void;
  ended(session: MachineSession, info: CloseInfo): void;
  /** A machine says what it has on disk. */
  held?(session: MachineSession, held: TrustHeld): void;
  /** A call failed by a fault of ours; the machine is told `internal` and nothing more. */
  callFailed?(session: MachineSession, call: string, fault: unknown): void;
}

/** Bytes that may wait for a machine before the hub stops reading from it: it cannot cause more work than it takes back. */
const PAUSE_ABOVE_BYTES = 1024 * 1024;

/** One live connection of one machine: hello and welcome, then frames to the relay and the calls. */
export class MachineSession implements Peer {
  readonly id: string;
  readonly #connection: Connection;
  readonly #dependencies: SessionDependencies;
  readonly #lanes: Lanes;
  readonly #writer: PackedWriter;
  readonly #helloDeadline: Timer;
  #auth: AuthContext;
  #hello: Hello | undefined;
  /** What the machine has been told of itself. */
  #told: AuthContext | undefined;
  #routed: Session<Peer> | undefined;
  #revoked = false;
  /** Why nothing is read from it: it does not take what it is sent; it has too much in line. */
  #paused = false;
  #heldBack = false;

  /** Resolves when the connection has ended and the relay has been told. */
  readonly ended: Promise<void>;

  constructor(id: string, connection: Connection, auth: AuthContext, dependencies: SessionDependencies) {
    this.id = id;
    this.#connection = connection;
    this.#auth = auth;
    this.#dependencies = dependencies;
    this.#writer = dependencies.writer;
    this.#helloDeadline = dependencies.clock.setTimer(HANDSHAKE_DEADLINE_MS, () =>
      this.close(new QconnError('handshake_timeout', 'No hello within 5 s.')),
    );
    this.#lanes = Lanes.accept(connection, {
      memory: dependencies.memory,
      frame: (frame) => this.#take(frame),
      opened: () => this.#welcome(),
      body: (opening, stream) => this.#wanted(opening, stream),
      failed: () => {},
    });
    this.ended = connection.closed.then((info) => this.#end(info));
  }

  get auth(): AuthContext {
    return this.#auth;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** Devices that it provides, with their service types. */
  get devices(): { device: string; serviceTypes: string[] }[] {
    return [...(this.#routed?.devices.values() ?? [])].map(({ name, serviceTypes }) => ({
      device: name,
      serviceTypes: [...serviceTypes],
    }));
  }

  get instance(): string {
    return this.#hello?.instance ?? '';
  }

  get remembersJobs(): boolean {
    return this.#hello?.remembersJobs ?? false;
  }

  get bufferedBytes(): number {
    return this.#lanes.bufferedBytes;
  }

  writable(): Promise<void> {
    return this.#lanes.writable();
  }

  send(id: number, frame: Uint8Array): void {
    this.#lanes.send(id, frame);
    if (!this.#paused && this.#lanes.bufferedBytes > PAUSE_ABOVE_BYTES) void this.#pause();
  }

  holdBack(held: boolean): void {
    this.#heldBack = held;
    if (held) this.#lanes.pause();
    else if (!this.#paused) this.#lanes.resume();
  }

  openBody(opening: BodyOpening): Stream {
    return openBodyStream(this.#connection, opening);
  }

  /** Puts a new auth context in force, and tells the machine if its standing has changed. */
  replaceAuth(auth: AuthContext): void {
    const before = this.#auth;
    this.#auth = auth;
    if (this.#routed === undefined) return;
    if (auth.hostname !== before.hostname) this.#rename(this.#routed, auth.hostname);
    this.#tellStanding();
  }

  #tellStanding(): void {
    const { status, hostname, roles } = this.#auth;
    const told = this.#told;
    this.#told = this.#auth;
    if (status === told?.status && hostname === told.hostname && roles.join() === told.roles.join()) return;
    this.#lanes.send(0, encodeStatus(this.#writer, { status, hostname, roles }));
  }

  /** Ends the session. With `revoked` its exchanges are ended as those of a machine that will not come back. */
  close(error: QconnError): void {
    this.#revoked = error.code === 'revoked';
    this.#connection.close(error.wire, error.message);
  }

  /** Asks the machine to connect elsewhere or later; the connection stays for what is in flight. */
  sendAway(goAway: GoAway): void {
    if (this.#routed !== undefined) this.#lanes.send(0, encodeGoAway(this.#writer, goAway));
  }

  #rename(routed: Session<Peer>, hostname: string | undefined): void {
    const { sessions, relay } = this.#dependencies;
    sessions.rename(routed.fingerprint, hostname);
    for (const device of routed.devices.values()) relay.appeared(device);
  }

  #take(frame: Frame): void {
    if (frame.type === FrameType.Hello) return this.#greet(frame);
    const routed = this.#routed;
    if (routed === undefined)
      throw new QconnError('unexpected_frame', `A ${frameTypeName(frame.type)} frame came before the welcome.`);
    switch (frame.type) {
      case FrameType.Request:
      case FrameType.RequestAll:
      case FrameType.Cancel:
        return this.#dependencies.intake.take(routed, frame);
      case FrameType.Ack:
      case FrameType.Progress:
      case FrameType.Extend:
      case FrameType.Response:
      case FrameType.Outcome:
        return this.#dependencies.relay.fromProvider(routed, frame);
      case FrameType.TrustHeld:
        this.#dependencies.observer.held?.(this, decodeTrustHeld(frame));
        return;
      case FrameType.Provide:
      case FrameType.Withdraw:
      case FrameType.Query:
      case FrameType.Watch:
      case FrameType.Unwatch:
      case FrameType.Renew:
        void this.#call(routed, this.#dependencies.memory.copies.ofFrame(frame));
        return;
      default:
        throw new QconnError('unexpected_frame', `A client does not send ${frameTypeName(frame.type)} frames.`);
    }
  }

  /** Bodies may be asked for once the lanes are sealed, and so once there is a routed session. */
  #wanted(opening: BodyOpening, stream: Stream): void {
    if (this.#routed !== undefined) this.#dependencies.relay.wanted(this.#routed, opening, stream);
  }

  #greet(frame: Frame): void {
    if (this.#hello !== undefined) throw new QconnError('unexpected_frame', 'A second Hello frame came.');
    this.#hello = decodeHello(frame);
    this.#welcome();
  }

  /** The welcome waits for every lane that the hello announces: answers go out on all of them. */
  #welcome(): void {
    const hello = this.#hello;
    if (hello === undefined || this.#told !== undefined || this.#lanes.count < hello.lanes) return;
    if (this.#lanes.count > hello.lanes)
      throw new QconnError('bad_stream', `${this.#lanes.count} lanes were opened, ${hello.lanes} announced.`);
    this.#helloDeadline.cancel();
    this.#lanes.seal();
    const { hub, shortCode } = this.#dependencies;
    const { fingerprint, status, hostname, roles } = this.#auth;
    this.#told = this.#auth;
    this.#lanes.send(
      0,
      encodeWelcome(this.#writer, {
        hub: hub.id,
        epoch: hub.epoch,
        session: this.id,
        fingerprint,
        shortCode: shortCode(fingerprint),
        status,
        hostname,
        roles,
      }),
    );
    // A hello in early data may be a replay of one: it is answered, which only the machine can read, and does nothing more.
    this.#connection.whenEstablished(() => this.#enter(hello));
  }

  /** From here on the machine can be reached, and whatever it sends counts. */
  #enter(hello: Hello): void {
    const { sessions, relay, observer } = this.#dependencies;
    const { fingerprint, hostname } = this.#auth;
    const { session, superseded } = sessions.add({ id: this.id, fingerprint, hostname, value: this });
    this.#routed = session;
    if (superseded !== undefined) {
      relay.lost(superseded, false);
      (superseded.value as MachineSession).close(new QconnError('superseded'));
    }
    this.#tellStanding();
    observer.began(this, hello);
  }

  async #call(routed: Session<Peer>, frame: Frame): Promise<void> {
    try {
      for await (const answer of this.#dependencies.calls.answer(this.#auth, routed, frame))
        this.send(frame.id, answer);
    } catch (error) {
      if (error instanceof QconnError && (error.code === 'bad_frame' || error.code === 'unexpected_frame'))
        return this.close(error);
      if (!(error instanceof QconnError))
        this.#dependencies.observer.callFailed?.(this, String(frameTypeName(frame.type)), error);
      const { code, message } = error instanceof QconnError ? error : new QconnError('internal');
      this.send(frame.id, encodeCallFailed(this.#writer, frame.id, { code, reason: message }));
    }
  }

  async #pause(): Promise<void> {
    this.#paused = true;
    this.#lanes.pause();
    try {
      await this.#lanes.writable();
      this.#paused = false;
      if (!this.#heldBack) this.#lanes.resume();
    } catch {
      // The connection has ended; whoever waits learns it from there.
    }
  }

  #end(info: CloseInfo): void {
    this.#helloDeadline.cancel();
    if (this.#routed !== undefined) {
      const { sessions, relay, intake, watches } = this.#dependencies;
      intake.lost(this.#routed);
      if (sessions.remove(this.id, info.error.code) !== undefined) relay.lost(this.#routed, this.#revoked);
      watches.lost(this.#routed);
    }
    this.#dependencies.observer.ended(this, info);
  }
}
