import { compilePolicy, type Grant, type Policy, type Principal } from '@qconn/authz';
import { ManualClock } from '@qconn/clock';
import {
  decodeDeliver,
  decodeFinalOutcome,
  decodeFinalResponse,
  decodeStages,
  encodeAck,
  encodeCancel,
  encodeRequest,
  encodeRequestAll,
  encodeResponse,
  FrameReader,
  FrameType,
  PackedWriter,
  QconnError,
  type BodyOpening,
  type Deliver,
  type ErrorCode,
  type Frame,
  type Outcome,
  type PassedStages,
  type Request,
  type RequestAll,
  type Stage,
  type StageReport,
} from '@qconn/protocol';
import { SessionTable, type Session } from '@qconn/routing';
import type { Stream } from '@qconn/transport';
import { HubFrameMemory } from '../../src/relay/frame-memory.ts';
import type { HubExchange } from '../../src/relay/hub-exchange.ts';
import type { Peer } from '../../src/relay/peer.ts';
import type { RelayDependencies } from '../../src/relay/relay-dependencies.ts';
import type { RelayLimits } from '../../src/relay/relay-limits.ts';
import { Relay } from '../../src/relay/relay.ts';

export const LIMS = 'qc1lims';
export const PRINTER = 'qc1printer';
const NO_BYTES: Uint8Array = new Uint8Array(0);

const writer = new PackedWriter();

/** Bytes of one frame as its receiver sees it. */
export function frameOf(bytes: Uint8Array): Frame {
  let found: Frame | undefined;
  new FrameReader((frame) => (found = frame)).push(bytes);
  return found as Frame;
}

/** The stages that a frame tells its sender of. */
function stagesIn(frame: Frame): PassedStages | undefined {
  if (frame.type === FrameType.Stages) return decodeStages(frame);
  if (frame.type === FrameType.Response) return decodeFinalResponse(frame).stages;
  return frame.type === FrameType.Outcome ? decodeFinalOutcome(frame).stages : undefined;
}

/** Has a frame handled as the hub's sessions do: it is lent, and what it lay in is written over afterwards. */
export function lend(bytes: Uint8Array, handle: (frame: Frame) => void): void {
  const lent = new Uint8Array(bytes);
  handle(frameOf(lent));
  lent.fill(0xee);
}

/** A connected machine that keeps what it is sent. */
export class RecordingPeer implements Peer {
  bufferedBytes = 0;
  heldBack = false;
  instance = 'first run';
  remembersJobs = false;
  readonly frames: Frame[] = [];
  /** Why the hub has ended its session, if it has. */
  closed: ErrorCode | undefined;
  /** Answers the hub when it asks for a body. */
  onBody: (opening: BodyOpening) => Stream = () => {
    throw new QconnError('closed');
  };

  send(_id: number, frame: Uint8Array): void {
    this.frames.push(frameOf(frame.slice()));
  }

  close(error: QconnError): void {
    this.closed = error.code;
  }

  openBody(opening: BodyOpening): Stream {
    return this.onBody(opening);
  }

  holdBack(held: boolean): void {
    this.heldBack = held;
  }

  writable(): Promise<void> {
    return Promise.resolve();
  }

  ofType(type: number): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** Every stage that it was told of a request, in order. */
  stages(requestId = 1): Stage[] {
    return this.reports(requestId).map(({ stage }) => stage);
  }

  reports(requestId = 1): StageReport[] {
    return this.frames.filter(({ id }) => id === requestId).flatMap((frame) => stagesIn(frame)?.reports ?? []);
  }

  /** Every final word that it was given of a request; more than one is a fault. */
  outcomes(requestId = 1): Outcome[] {
    return this.ofType(FrameType.Outcome)
      .filter(({ id }) => id === requestId)
      .map((frame) => decodeFinalOutcome(frame))
      .map(({ code, reason, retryAfterMs }) => ({ code, reason, retryAfterMs }));
  }

  /** What it was delivered. */
  jobs(): (Deliver & { readonly id: number })[] {
    return this.ofType(FrameType.Deliver).map((frame) => ({ ...decodeDeliver(frame), id: frame.id }));
  }
}

/** What a machine's hello says of its program. */
export type Run = Pick<Peer, 'instance' | 'remembersJobs'>;

export interface Connected {
  readonly session: Session<Peer>;
  readonly peer: RecordingPeer;
}

const GRANTS: Readonly<Record<string, readonly Grant[]>> = {
  lims: [{ effect: 'allow', verb: 'submit', serviceTypes: ['print', 'scan'] }],
  printer: [{ effect: 'allow', verb: 'provide', serviceTypes: ['print'] }],
};

const LIMITS: RelayLimits = {
  inFlightPerMachine: 4,
  rates: { messages: { perSecond: 100, burst: 100 }, bytes: { perSecond: 1e6, burst: 1e6 } },
  bufferedBytesPerMachine: 1_000,
  bodies: { bytesMax: 1_000_000, streamsPerMachine: 2 },
  stageHoldMs: 0,
};

/** A relay among recorded machines, on a clock that stands still: `lims` may submit, `printer` provide. */
export class RelayStage {
  readonly memory = new HubFrameMemory();
  readonly clock: ManualClock = new ManualClock();
  readonly sessions: SessionTable<Peer> = new SessionTable();
  readonly relay: Relay;
  /** Also told of each end. */
  onEnded: (exchange: HubExchange, outcome: ErrorCode | 'completed') => void = () => {};
  /** Told of the bodies of each that has ended. */
  onBodiesOver: RelayDependencies['onBodiesOver'] = () => {};
  /** How each exchange ended for its sender. */
  readonly ended: string[] = [];
  /** What each request was refused with that did not become an exchange. */
  readonly refused: string[] = [];
  readonly relayedBytes = { request: 0, response: 0 };
  policy: Policy;
  #sessionCount = 0;

  constructor(limits: Partial<RelayLimits> = {}) {
    this.policy = compilePolicy({
      generation: 1,
      roles: Object.entries(GRANTS).map(([name, grants]) => ({ name, grants })),
      machines: [machine(LIMS, 'lims'), machine(PRINTER, 'printer')],
    });
    this.relay = new Relay(
      {
        clock: this.clock,
        memory: this.memory,
        random: () => 0.5,
        sessions: this.sessions,
        policy: () => this.policy,
        knownMachine: (name) =>
          [...this.policy.machines()].find(({ hostname, fingerprint }) => [hostname, fingerprint].includes(name))
            ?.fingerprint,
        onEnded: (exchange, outcome) => {
          this.ended.push(outcome);
          this.onEnded(exchange, outcome);
        },
        onRefused: (code) => this.refused.push(code),
        onRelayed: (kind, bytes) => (this.relayedBytes[kind] += bytes),
        onBodiesOver: (exchangeId, bytes) => this.onBodiesOver(exchangeId, bytes),
      },
      { ...LIMITS, ...limits },
    );
  }

  /** Replaces a machine in the policy. */
  setMachine(principal: Principal): void {
    this.policy = this.policy.with({ generation: this.policy.generation + 1, machines: [principal] });
  }

  connect(fingerprint: string, peer: RecordingPeer = new RecordingPeer()): Connected {
    this.#sessionCount++;
    const { hostname } = this.policy.machine(fingerprint) ?? {};
    const { session } = this.sessions.add({ id: `s${this.#sessionCount}`, fingerprint, hostname, value: peer });
    return { session, peer };
  }

  /** Connects the printer with its device. */
  connectPrinter(device = 'zebra-1', serviceTypes: readonly string[] = ['print'], run: Partial<Run> = {}): Connected {
    const printer = this.connect(PRINTER, Object.assign(new RecordingPeer(), run));
    this.relay.provided(this.sessions.provide(printer.session, device, serviceTypes));
    return printer;
  }

  disconnect({ session }: Connected, revoked = false): void {
    this.sessions.remove(session.id);
    this.relay.lost(session, revoked);
  }

  request({ session }: Connected, request: Partial<Request> = {}, id = 1): void {
    lend(encodeRequest(writer, id, { ...REQUEST, ...request }), (frame) => this.relay.request(session, frame));
  }

  requestAll({ session }: Connected, request: Partial<RequestAll> = {}, id = 1): void {
    const { waitForTarget: _wait, inquiry: _inquiry, ...fields } = REQUEST;
    const bytes = encodeRequestAll(writer, id, { ...fields, limit: 256, ...request });
    lend(bytes, (frame) => this.relay.requestAll(session, frame));
  }

  cancel({ session }: Connected, code: ErrorCode = 'cancelled', id = 1): void {
    lend(encodeCancel(writer, id, code), (frame) => this.relay.cancel(session, frame));
  }

  /** The provider says something of the job that it was delivered last. */
  say({ session, peer }: Connected, encode: (writer: PackedWriter, id: number) => Uint8Array): void {
    const id = peer.jobs().at(-1)?.id ?? 0;
    lend(encode(writer, id), (frame) => this.relay.fromProvider(session, frame));
  }

  ack(provider: Connected): void {
    this.say(provider, encodeAck);
  }

  respond(provider: Connected, body: Uint8Array = NO_BYTES): void {
    this.say(provider, (to, id) => encodeResponse(to, id, { headers: NO_BYTES, body }));
  }
}

/** A request for printing, as small as they come. */
export const REQUEST: Request = {
  address: { serviceType: 'print' },
  resolutionMs: 10_000,
  jobMs: 30_000,
  idempotencyKey: undefined,
  stickyKey: undefined,
  waitForTarget: false,
  inquiry: false,
  headers: NO_BYTES,
  body: NO_BYTES,
};

export function machine(fingerprint: string, role: string, status: Principal['status'] = 'authorized'): Principal {
  return { fingerprint, status, hostname: role, labels: {}, roles: [role] };
}
