import type { Clock, Timer } from '@qconn/clock';
import {
  decodeCredit,
  decodeGoAway,
  decodeProvided,
  decodeQueryResult,
  decodeRenewed,
  decodeStatus,
  decodeTrust,
  decodeWelcome,
  encodeHello,
  encodeProvide,
  encodeQuery,
  encodeRenew,
  encodeTrustHeld,
  encodeWithdraw,
  FrameType,
  frameTypeName,
  HANDSHAKE_DEADLINE_MS,
  LaneIds,
  LANES_PER_CONNECTION,
  PackedWriter,
  QconnError,
  type Device,
  type Frame,
  type GoAway,
  type MachineStatus,
  type Provider,
  type ProviderFilter,
  type Query,
  type Renewed,
  type Request,
  type Trust,
  type TrustHeld,
  type RequestAll,
  type Welcome,
} from '@qconn/protocol';
import { Lanes, openBodyStream, type CloseInfo, type Connection } from '@qconn/transport';
import { Bodies } from '../body/bodies.ts';
import type { BodySource } from '../body/content.ts';
import type { Jobs } from '../exchange/jobs.ts';
import type { FanOut } from '../exchange/fan-out.ts';
import { HeldAcks } from '../exchange/held-acks.ts';
import type { Reply } from '../exchange/reply.ts';
import type { FanOutObserver, RequestObserver } from '../exchange/request-observer.ts';
import type { RequestPort } from '../exchange/request-port.ts';
import { Requests } from '../exchange/requests.ts';
import type { WatchStream } from '../presence/watch-stream.ts';
import { Watches } from '../presence/watches.ts';
import { Calls } from './calls.ts';

/** Why a client closes a session, as the hub and whoever waits for something on it are told. */
const CLOSE_REASONS = {
  closed: 'The client is done.',
  handshake_timeout: 'No welcome in time.',
  unreachable: 'The way to the hub has failed, and there is no other.',
  idle_timeout: 'The hub left a request without a word: the connection carries nothing any more.',
} as const;

/** What the owner of a session is told. */
export interface SessionObserver {
  /** The hub has let the machine in. Called before any later frame is looked at. */
  welcomed(session: Session, welcome: Welcome): void;
  statusChanged(session: Session, status: MachineStatus): void;
  sentAway(session: Session, goAway: GoAway): void;
  /** The roots to trust have changed, or the credential is to be renewed. */
  trustChanged(session: Session, trust: Trust): void;
}

/** One live connection to a hub, from hello to its end. */
export class Session {
  readonly #connection: Connection;
  readonly #lanes: Lanes;
  readonly #port: RequestPort;
  readonly #acks = new HeldAcks();
  readonly #calls: Calls;
  readonly #requests: Requests;
  readonly #jobs: Jobs;
  readonly #watches: Watches;
  readonly #observer: SessionObserver;
  readonly #welcomed = Promise.withResolvers<void>();
  readonly #ids = new LaneIds(LANES_PER_CONNECTION);
  #epoch: string | undefined;
  #deadline: Timer | undefined;

  /** Resolves with the reason when the connection has ended, and everything in flight has been told. */
  readonly ended: Promise<CloseInfo>;

  private constructor(connection: Connection, dependencies: { clock: Clock; jobs: Jobs; observer: SessionObserver }) {
    this.#connection = connection;
    this.#jobs = dependencies.jobs;
    this.#observer = dependencies.observer;
    this.#calls = new Calls(dependencies);
    this.#lanes = Lanes.open(connection, LANES_PER_CONNECTION, {
      frame: (frame) => this.#take(frame),
      body: (opening, stream) => this.#port.bodies.send(opening, stream),
      failed: () => {},
    });
    const bodies = new Bodies((opening) => openBodyStream(connection, opening));
    const lanes = this.#lanes;
    this.#port = {
      writer: new PackedWriter({ reuses: true }),
      bodies,
      acks: this.#acks,
      send: (id, frame) => this.#lanes.send(id, frame),
      get bufferedBytes() {
        return lanes.bufferedBytes;
      },
    };
    this.#watches = new Watches(this.#port, () => this.#nextId());
    // A connection that still answers pings may carry nothing else: another one is better than more silence.
    const silent = (): void => this.close('idle_timeout');
    this.#requests = new Requests({ clock: dependencies.clock, port: this.#port, silent });
    connection.whenEstablished(() => {
      this.#deadline = dependencies.clock.setTimer(HANDSHAKE_DEADLINE_MS, () => this.#giveUp());
    });
    // Whoever waits for the welcome takes the rejection; without a waiter it is no fault.
    this.#welcomed.promise.catch(() => {});
    this.ended = connection.closed.then((info) => this.#end(info));
  }

  /**
   * Says hello on a connection, which may be one that says it in its first packet.
   * @param dependencies.trust id of the trust bundle that the machine holds; without it the hub sends no changes of it
   */
  static begin(
    connection: Connection,
    agent: string,
    dependencies: { clock: Clock; jobs: Jobs; observer: SessionObserver; trust?: string | undefined },
  ): Session {
    const session = new Session(connection, dependencies);
    const { instance, remembersJobs } = dependencies.jobs;
    const hello = { agent, lanes: LANES_PER_CONNECTION, instance, remembersJobs, trust: dependencies.trust };
    session.#lanes.send(0, encodeHello(session.#port.writer, hello));
    return session;
  }

  /**
   * Resolves with the hub's welcome.
   * @throws QconnError what the hub closed with; `handshake_timeout` after 5 s
   */
  get welcome(): Promise<void> {
    return this.#welcomed.promise;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** Requests that wait for their outcome, and bodies on their way. */
  get inFlight(): number {
    return this.#requests.size + this.#port.bodies.size;
  }

  /** Sends a request. @param source its body, if that is streamed @throws QconnError the outcome */
  request(request: Request, observer: RequestObserver, source?: BodySource): Promise<Reply> {
    return this.#requests.start(this.#nextId(), request, observer, source);
  }

  /** Sends a request to many; what becomes of it goes to `fanOut`. @throws QconnError for what cannot be sent */
  requestAll(request: RequestAll, observer: FanOutObserver, fanOut: FanOut): void {
    const id = this.#nextId();
    this.#ids.reserve(request.limit);
    this.#requests.startAll(id, request, observer, fanOut);
  }

  /** Registers a device. @returns whether the policy lets the machine provide it now @throws QconnError */
  async provide(device: Device): Promise<boolean> {
    return this.#call(
      (id) => encodeProvide(this.#port.writer, id, device),
      (frame) => decodeProvided(expect(frame, FrameType.Provided)).permitted,
    );
  }

  /** Takes a device back. @throws QconnError */
  async withdraw(device: string): Promise<void> {
    await this.#call(
      (id) => encodeWithdraw(this.#port.writer, id, device),
      (frame) => expect(frame, FrameType.Withdrawn),
    );
  }

  /** Finds providers that this machine may query. @throws QconnError */
  async query(query: Query): Promise<Provider[]> {
    const found: Provider[] = [];
    return this.#call(
      (id) => encodeQuery(this.#port.writer, id, query),
      (frame) => {
        const { providers, last } = decodeQueryResult(expect(frame, FrameType.QueryResult));
        found.push(...providers);
        return last ? found : undefined;
      },
    );
  }

  /** Watches devices come and go. @throws QconnError `bad_address` */
  watch(filter: ProviderFilter): WatchStream {
    return this.#watches.watch(filter);
  }

  /** Has the credential renewed. @param csr PKCS#10 in DER @throws QconnError */
  async renew(csr: Uint8Array): Promise<Renewed> {
    return this.#call(
      (id) => encodeRenew(this.#port.writer, id, csr),
      (frame) => decodeRenewed(expect(frame, FrameType.Renewed)),
    );
  }

  /** Tells the hub what the machine has on disk. */
  tellHeld(held: TrustHeld): void {
    this.#lanes.send(0, encodeTrustHeld(this.#port.writer, held));
  }

  close(code: keyof typeof CLOSE_REASONS = 'closed'): void {
    this.#acks.release();
    this.#connection.close(new QconnError(code).wire, CLOSE_REASONS[code]);
  }

  /** What cannot be encoded is refused here, before anybody waits for an answer to it. */
  #call<T>(encode: (id: number) => Uint8Array, take: (frame: Frame) => T | undefined): Promise<T> {
    const id = this.#nextId();
    const frame = encode(id);
    const answer = this.#calls.wait(id, take);
    this.#lanes.send(id, frame);
    return answer;
  }

  #nextId(): number {
    if (this.#lanes.bufferedBytes === 0) this.#ids.nextLane();
    return this.#ids.next();
  }

  #take(frame: Frame): void {
    switch (frame.type) {
      case FrameType.Stages:
      case FrameType.Progress:
      case FrameType.Response:
      case FrameType.Outcome:
      case FrameType.Targets:
        return this.#requests.take(frame);
      case FrameType.Deliver:
        return this.#jobs.deliver(frame, this.#epoch ?? '', this.#port);
      case FrameType.Cancel:
        return this.#jobs.cancel(frame, this.#port);
      case FrameType.Provided:
      case FrameType.Withdrawn:
      case FrameType.QueryResult:
      case FrameType.Renewed:
        return this.#calls.take(frame);
      case FrameType.CallFailed:
        return this.#watches.has(frame.id) ? this.#watches.take(frame) : this.#calls.take(frame);
      case FrameType.WatchSnapshot:
      case FrameType.WatchChanges:
        return this.#watches.take(frame);
      case FrameType.Welcome:
        return this.#welcome(decodeWelcome(frame));
      case FrameType.Status:
        return this.#observer.statusChanged(this, decodeStatus(frame));
      case FrameType.Credit:
        return this.#requests.granted(decodeCredit(frame));
      case FrameType.Trust:
        return this.#observer.trustChanged(this, decodeTrust(frame));
      case FrameType.GoAway:
        return this.#observer.sentAway(this, decodeGoAway(frame));
      default:
        throw new QconnError('unexpected_frame', `A hub does not send ${frameTypeName(frame.type)} frames.`);
    }
  }

  #welcome(welcome: Welcome): void {
    if (this.#epoch !== undefined) throw new QconnError('unexpected_frame', 'A second Welcome frame came.');
    this.#epoch = welcome.epoch;
    this.#deadline?.cancel();
    this.#observer.welcomed(this, welcome);
    this.#welcomed.resolve();
  }

  #giveUp(): void {
    const why = 'The hub accepted the connection but sent no welcome within 5 s.';
    this.#welcomed.reject(new QconnError('handshake_timeout', why));
    this.close('handshake_timeout');
  }

  #end(info: CloseInfo): CloseInfo {
    this.#deadline?.cancel();
    this.#welcomed.reject(info.error);
    this.#requests.lost(info.error);
    this.#calls.lost(info.error);
    this.#watches.lost();
    this.#jobs.lost(this.#port);
    this.#port.bodies.lost();
    return info;
  }
}

function expect(frame: Frame, type: FrameType): Frame {
  if (frame.type === type) return frame;
  throw new QconnError(
    'unexpected_frame',
    `The hub answered with ${frameTypeName(frame.type)} where ${frameTypeName(type)} belongs.`,
  );
}
