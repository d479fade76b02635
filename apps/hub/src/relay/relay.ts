import type { Policy } from '@qconn/authz';
import type { Clock } from '@qconn/clock';
import {
  announcesBody,
  decodeCancel,
  decodeExtend,
  decodeOutcome,
  decodeProgress,
  decodeRequest,
  decodeRequestAll,
  decodeResponse,
  encodeDeliver,
  encodeOutcome,
  encodeTargets,
  FrameType,
  PackedWriter,
  QconnError,
  type BodyOpening,
  type ErrorCode,
  type Address,
  type Frame,
  type Outcome,
  type Request,
} from '@qconn/protocol';
import {
  ExchangeTable,
  Quotas,
  resolve,
  resolveAll,
  type LiveDevice,
  type QuotaRates,
  type ResolutionContext,
  type Session,
  type SessionTable,
} from '@qconn/routing';
import type { Stream } from '@qconn/transport';
import { BodyRelay, type BodyLimits } from './bodies/body-relay.ts';
import type { TraceParent } from './exchange-spans.ts';
import { ExchangeRunner } from './exchange-runner.ts';
import type { HeldRequest, HubFrameMemory } from './frame-memory.ts';
import type { ExchangeRecord, HubExchange } from './hub-exchange.ts';
import type { Peer } from './peer.ts';
import { mayPass, nameIn } from './permission.ts';
import type { Shelf } from './shelves.ts';

/** What the relay works with. */
export interface RelayDependencies {
  readonly clock: Clock;
  /** For what outlives the frame that it came in. */
  readonly memory: HubFrameMemory;
  /** A fresh random number in [0, 1). */
  readonly random: () => number;
  readonly sessions: SessionTable<Peer>;
  /** The policy in force now. */
  readonly policy: () => Policy;
  /** The fingerprint of an enrolled machine by its fingerprint or hostname, connected or not. */
  readonly knownMachine: (machine: string) => string | undefined;
  /** Told of every exchange that ends, for metrics and the log; `sender_lost` when nobody was left to tell. */
  readonly onEnded: (exchange: HubExchange, outcome: ErrorCode | 'completed') => void;
  /** The trace that packed headers name; left out where nobody asks for it. */
  readonly traceParentOf?: ((headers: Uint8Array) => TraceParent | undefined) | undefined;
  /** Told of every request that is turned away before it becomes an exchange. */
  readonly onRefused: (code: ErrorCode) => void;
  /** Told of every body that is written to its receiver. */
  readonly onRelayed: (kind: 'request' | 'response', bytes: number) => void;
}

/** Limits of the relay. They are looked at for each message, and so may change; the rates by {@link Relay.setRates}. */
export interface RelayLimits {
  /** Exchanges in flight per sending machine. */
  readonly inFlightPerMachine: number;
  readonly rates: QuotaRates;
  /** Bytes that may wait for one machine; past that it is `busy`, and signs of progress to it are dropped. */
  readonly bufferedBytesPerMachine: number;
  readonly bodies: BodyLimits;
  /** How long the report of a stage may wait for what follows on it, in milliseconds; 0: not at all. */
  readonly stageHoldMs: number;
}

/** When a sender that has as many exchanges in flight as it may should try again, in milliseconds. */
const IN_FLIGHT_RETRY_MS = 100;

/** When a sender that has as much in line as it may should try again, in milliseconds: five times what the line takes. */
const IN_LINE_RETRY_MS = 100;

/**
 * One message's way through the hub: a Request is accepted, its target resolved, both sides' rights
 * decided, the message forwarded. What the target says of it goes to its sender by way of the
 * {@link ExchangeRunner}.
 */
export class Relay {
  readonly #dependencies: RelayDependencies;
  readonly #limits: RelayLimits;
  readonly #writer = new PackedWriter({ reuses: true });
  readonly #exchanges: ExchangeTable<Peer, ExchangeRecord>;
  readonly #runner: ExchangeRunner;
  readonly #quotas: Quotas;
  readonly #bodies: BodyRelay;
  #draining = false;

  constructor(dependencies: RelayDependencies, limits: RelayLimits) {
    this.#dependencies = dependencies;
    this.#limits = limits;
    this.#exchanges = new ExchangeTable({
      get inFlightMax() {
        return limits.inFlightPerMachine;
      },
    });
    this.#quotas = new Quotas(limits.rates);
    const { clock, memory, onRelayed } = dependencies;
    const onEnded = (exchange: HubExchange, how: ErrorCode | 'completed'): void => {
      this.#bodies.ended(exchange, how);
      dependencies.onEnded(exchange, how);
    };
    this.#runner = new ExchangeRunner({
      clock,
      stageHoldMs: limits.stageHoldMs,
      writer: this.#writer,
      memory,
      exchanges: this.#exchanges,
      onEnded,
      onRelayed,
    });
    const onRequestMoved = (id: number): void => {
      const exchange = this.#exchanges.get(id);
      const target = exchange?.target?.session.fingerprint;
      if (exchange === undefined || target === undefined) return;
      const { senderFingerprint, value } = exchange;
      // As with what a provider asks for: who has lost the right in the meantime gets no more time than it had.
      if (mayPass(dependencies.policy(), senderFingerprint, target, value.serviceType).allowed)
        this.#runner.bodyMoved(exchange);
    };
    this.#bodies = new BodyRelay(
      { clock, writer: this.#writer, quotas: this.#quotas, onRelayed, onRequestMoved },
      limits.bodies,
    );
  }

  /** Puts other rates in force for every machine. */
  setRates(rates: QuotaRates): void {
    this.#quotas.setRates(rates);
  }

  /** Exchanges that are not over. */
  get size(): number {
    return this.#exchanges.size;
  }

  /** Whether nothing is under way: no exchange, and no body of one that is over. */
  get idle(): boolean {
    return this.#exchanges.size + this.#bodies.size === 0;
  }

  /** Whether new requests are refused because the hub stops. */
  get draining(): boolean {
    return this.#draining;
  }

  /** A turn of the event loop is over. */
  nextTurn(): void {
    this.#exchanges.nextTurn();
  }

  /** Takes a Request frame from a sender. @throws QconnError for a peer that breaks the protocol */
  request(sender: Session<Peer>, frame: Frame): void {
    const request = decodeRequest(frame);
    const refusal = this.#tooLong(request) ?? this.#refusal(sender, request.body.length);
    if (refusal !== undefined) return this.#refuse(sender, frame.id, refusal);
    const exchange = this.#exchanges.open(sender, frame.id, this.#accepted(request));
    if (exchange === 'duplicate') throw new QconnError('unexpected_frame', `Request ${frame.id} is in flight already.`);
    if (exchange === 'quota') return this.#refuse(sender, frame.id, IN_FLIGHT_QUOTA);
    exchange.value.held = this.#dependencies.memory.hold(request);
    this.#runner.schedule(exchange, exchange.value.acceptedMonotonic + request.resolutionMs);
    if (request.streamed !== undefined) this.#bodies.announced(exchange, sender);
    this.#forward(exchange, request);
  }

  /** Takes a RequestAll frame from a sender. @throws QconnError for a peer that breaks the protocol */
  requestAll(sender: Session<Peer>, frame: Frame): void {
    const { limit, ...fields } = decodeRequestAll(frame);
    if (!Number.isSafeInteger(frame.id + limit))
      throw new QconnError('bad_frame', 'A RequestAll frame has an id that leaves no room for those of its targets.');
    const request: Request = { ...fields, waitForTarget: false, inquiry: false };
    const refusal = this.#refusal(sender, request.body.length);
    if (refusal !== undefined) return this.#refuse(sender, frame.id, refusal);
    const { address } = request;
    const context = this.#contextOf(sender.fingerprint, request);
    const resolution = resolveAll(this.#dependencies.sessions, address, context, limit);
    if (resolution.outcome !== 'resolved')
      return this.#refuse(sender, frame.id, outcome(resolution.outcome, `${resolution.reason}.`));
    const { devices, more } = resolution;
    if (this.#exchanges.inFlight(sender.fingerprint) + devices.length > this.#limits.inFlightPerMachine)
      return this.#refuse(sender, frame.id, IN_FLIGHT_QUOTA);
    const others = devices.length - 1;
    this.#quotas.charge(sender.fingerprint, others, others * request.body.length, this.#dependencies.clock.monotonic());
    sender.value.send(frame.id, encodeTargets(this.#writer, frame.id, { count: devices.length, more }));
    const held = this.#dependencies.memory.hold(request);
    held.holders = devices.length;
    for (const [index, device] of devices.entries()) this.#member(sender, frame.id + 1 + index, held, device);
  }

  /** Refuses a request that there is no time for, without reading it: the machine has as much in line as it may. */
  refuseInTurn(sender: Session<Peer>, requestId: number): void {
    this.#refuse(sender, requestId, IN_LINE_QUOTA);
  }

  /** Takes a Cancel frame from a sender. */
  cancel(sender: Session<Peer>, frame: Frame): void {
    const cancelCode = decodeCancel(frame);
    const exchange = this.#exchanges.sent(sender, frame.id);
    if (exchange !== undefined) this.#runner.step(exchange, 'cancel', { cancelCode });
  }

  /**
   * Takes an Ack, Progress, Extend, Response or Outcome frame from a provider; late ones change nothing.
   * @throws QconnError for a peer that breaks the protocol; the exchange stands as it stood
   */
  fromProvider(provider: Session<Peer>, frame: Frame): void {
    const known = this.#exchanges.get(frame.id);
    const exchange = known?.target?.session === provider ? known : undefined;
    if (announcesBody(frame)) this.#bodies.answered(exchange, frame.id, provider);
    if (exchange === undefined) return;
    switch (frame.type) {
      case FrameType.Ack:
        return this.#runner.step(exchange, 'ack');
      case FrameType.Progress:
        // Progress may come without end, and only the latest matters: a sender that does not keep up is spared it.
        if ((exchange.sender?.value.bufferedBytes ?? 0) > this.#limits.bufferedBytesPerMachine) return;
        return this.#runner.step(exchange, 'progress', { progress: decodeProgress(frame) });
      case FrameType.Extend:
        return this.#extend(exchange, provider, decodeExtend(frame));
      case FrameType.Response:
        return this.#runner.step(exchange, 'respond', { response: decodeResponse(frame) });
      default:
        return this.#runner.step(exchange, 'fail', { outcome: decodeOutcome(frame) });
    }
  }

  /** A machine asks for a streamed body, to be written to `sink`. */
  wanted(session: Session<Peer>, { kind, id }: BodyOpening, sink: Stream): void {
    this.#bodies.wanted(session, kind, id, sink);
  }

  /** A device was registered: what waited for it is forwarded again, if it still may. */
  provided(device: LiveDevice<Peer>): void {
    const { fingerprint } = device.session;
    for (const exchange of this.#runner.on(`back ${fingerprint}`)) {
      if (exchange.value.waitingFor?.device === device.name) this.#deliverAgain(exchange, device);
    }
    this.appeared(device);
  }

  /** A device can be found that could not be found before, under this hostname or these service types. */
  appeared({ session, serviceTypes }: LiveDevice<Peer>): void {
    this.#tryAgain(`machine ${session.fingerprint}`);
    if (session.hostname !== undefined) this.#tryAgain(`machine ${session.hostname}`);
    for (const serviceType of serviceTypes) this.#tryAgain(`type ${serviceType}`);
  }

  /** A session is gone. @param revoked its machine was revoked: it will not come back, and its work is to stop */
  lost(session: Session<Peer>, revoked: boolean): void {
    for (const exchange of this.#exchanges.ofTarget(session)) {
      this.#runner.step(exchange, revoked ? 'targetRevoked' : 'targetLost');
    }
    for (const exchange of this.#exchanges.ofSender(session)) {
      this.#runner.step(exchange, revoked ? 'senderRevoked' : 'senderLost', { cancelCode: 'revoked' });
      this.#exchanges.orphan(exchange);
    }
    this.#bodies.lost(session);
    if (!revoked) return;
    for (const exchange of this.#runner.on(`back ${session.fingerprint}`)) this.#runner.step(exchange, 'targetRevoked');
  }

  /**
   * Ends what machines that are not connected have left behind, once they are revoked: jobs that run on for a
   * sender that is gone, and requests that wait for a target to come back. Connected ones end by {@link Relay.lost}.
   * @param touched machines of which something has changed
   */
  sweepRevoked(touched: readonly string[] | 'all', isRevoked: (fingerprint: string) => boolean): void {
    for (const fingerprint of touched === 'all' ? this.#runner.absentees() : touched) {
      if (!isRevoked(fingerprint)) continue;
      for (const exchange of this.#runner.on(`left ${fingerprint}`))
        this.#runner.step(exchange, 'senderRevoked', { cancelCode: 'revoked' });
      for (const exchange of this.#runner.on(`back ${fingerprint}`)) this.#runner.step(exchange, 'targetRevoked');
    }
  }

  /** Takes no new requests; what has not been sent anywhere is given back. */
  drain(): void {
    this.#draining = true;
    for (const exchange of [...this.#exchanges]) this.#runner.step(exchange, 'drain');
  }

  /** Ends everything that is left, honestly. */
  close(): void {
    this.#draining = true;
    for (const exchange of [...this.#exchanges]) this.#runner.step(exchange, 'shutdown');
    this.#bodies.close();
    this.#runner.close();
  }

  /** Forgets machines that have been quiet; call it every minute or so. */
  sweep(): void {
    this.#exchanges.sweep();
    this.#quotas.sweep(this.#dependencies.clock.monotonic());
  }

  /** What runs under a grant that was withdrawn may end in the time that it was given, and gets no more. */
  #extend(exchange: HubExchange, { fingerprint }: Session<Peer>, extendMs: number): void {
    const { senderFingerprint, value } = exchange;
    if (mayPass(this.#dependencies.policy(), senderFingerprint, fingerprint, value.serviceType).allowed)
      this.#runner.step(exchange, 'extend', { extendMs });
  }

  /** A body that is announced as longer than this hub lets pass. */
  #tooLong({ streamed }: Request): Outcome | undefined {
    const { bytesMax } = this.#limits.bodies;
    if (streamed?.length === undefined || streamed.length <= bytesMax) return undefined;
    return outcome('too_large', `The body has ${streamed.length} bytes; this hub’s limit is ${bytesMax}.`);
  }

  #refusal(sender: Session<Peer>, bodyBytes: number): Outcome | undefined {
    if (this.#draining) return outcome('hub_draining');
    const now = this.#dependencies.clock.monotonic();
    const retryAfterMs = this.#quotas.admit(sender.fingerprint, bodyBytes, now);
    return retryAfterMs > 0
      ? { ...outcome('quota', 'The machine sends faster than it may.'), retryAfterMs }
      : undefined;
  }

  #refuse(sender: Session<Peer>, requestId: number, refusal: Outcome): void {
    this.#dependencies.onRefused(refusal.code);
    sender.value.send(requestId, encodeOutcome(this.#writer, requestId, refusal));
  }

  #accepted(request: Request): ExchangeRecord {
    return {
      state: 'resolving',
      acceptedAt: this.#dependencies.clock.now(),
      acceptedMonotonic: this.#dependencies.clock.monotonic(),
      forwardedMonotonic: undefined,
      acknowledgedMonotonic: undefined,
      serviceType: request.address.serviceType,
      jobMs: request.jobMs,
      requestBytes: request.body.length,
      responseBytes: 0,
      traceParent: this.#dependencies.traceParentOf?.(request.headers),
      held: undefined,
      target: undefined,
      unresolved: undefined,
      stagesPassed: 0,
      stagesTold: 0,
      deliveries: 0,
      extendNoLaterThan: Infinity,
      waitingFor: undefined,
      shelf: undefined,
    };
  }

  /** One exchange of a fan-out: from here on it is an exchange like any other. */
  #member(sender: Session<Peer>, requestId: number, held: HeldRequest, device: LiveDevice<Peer>): void {
    const exchange = this.#exchanges.open(sender, requestId, this.#accepted(held.request));
    if (typeof exchange === 'string')
      throw new QconnError('unexpected_frame', `Request ${requestId} is in flight already.`);
    exchange.value.held = held;
    this.#runner.schedule(exchange, exchange.value.acceptedMonotonic + held.request.resolutionMs);
    this.#handOver(exchange, device);
  }

  #contextOf(sender: string, { address, stickyKey }: Request): ResolutionContext {
    const policy = this.#dependencies.policy();
    return {
      permitted: (target) => mayPass(policy, sender, target, address.serviceType),
      knownMachine: this.#dependencies.knownMachine,
      random01: this.#dependencies.random(),
      stickyKey,
    };
  }

  #forward(exchange: HubExchange, request: Request): void {
    const { address } = request;
    const context = this.#contextOf(exchange.senderFingerprint, request);
    const resolution = resolve(this.#dependencies.sessions, address, context);
    if (resolution.outcome === 'resolved') return this.#handOver(exchange, resolution.device);
    const why = outcome(resolution.outcome, `${resolution.reason}.`);
    const waits = request.waitForTarget && why.code !== 'forbidden';
    if (waits && this.#runner.awaitTarget(exchange, whereToWait(address), why)) return;
    this.#unresolved(exchange, why);
  }

  /** Looks once more for a target of what waits for one. */
  #tryAgain(shelf: Shelf): void {
    for (const exchange of this.#runner.on(shelf)) {
      const { held } = exchange.value;
      if (held !== undefined) this.#forward(exchange, held.request);
    }
  }

  #handOver(exchange: HubExchange, device: LiveDevice<Peer>): void {
    const { session } = device;
    exchange.value.target = {
      fingerprint: session.fingerprint,
      hostname: session.hostname ?? '',
      device: device.name,
    };
    if (session.value.bufferedBytes > this.#limits.bufferedBytesPerMachine) {
      const name = nameIn(this.#dependencies.policy(), session.fingerprint);
      return this.#unresolved(exchange, outcome('busy', `${name} does not keep up with what it is sent.`));
    }
    this.#deliver(exchange, device);
  }

  /**
   * The device that an exchange was forwarded to is back. The same run of its program knows what it was delivered, and
   * a job under a key is known to a program that remembers; whoever else might run it twice.
   */
  #deliverAgain(exchange: HubExchange, device: LiveDevice<Peer>): void {
    const { serviceType, waitingFor, held } = exchange.value;
    const { fingerprint, value: peer } = device.session;
    const knows =
      peer.instance === waitingFor?.instance || (peer.remembersJobs && held?.request.idempotencyKey !== undefined);
    if (!knows) {
      const name = nameIn(this.#dependencies.policy(), fingerprint);
      const reason = `The program on ${name} has restarted since it was sent the job; it may have run there.`;
      return this.#runner.step(exchange, 'targetRestarted', { reason });
    }
    const permission = mayPass(this.#dependencies.policy(), exchange.senderFingerprint, fingerprint, serviceType);
    if (permission.allowed && device.serviceTypes.has(serviceType)) this.#deliver(exchange, device);
  }

  #unresolved(exchange: HubExchange, why: Outcome): void {
    this.#runner.step(exchange, 'unresolved', { outcome: why });
  }

  #deliver(exchange: HubExchange, device: LiveDevice<Peer>): void {
    const { value, senderFingerprint: fingerprint } = exchange;
    const { request } = value.held as HeldRequest;
    this.#exchanges.assign(exchange, device);
    if (request.streamed !== undefined) this.#bodies.delivered(exchange, device.session);
    const frame = encodeDeliver(this.#writer, exchange.id, {
      from: { fingerprint, hostname: this.#dependencies.policy().machine(fingerprint)?.hostname },
      serviceType: value.serviceType,
      device: device.name,
      jobMs: value.jobMs,
      idempotencyKey: request.idempotencyKey,
      redelivered: value.deliveries > 0,
      inquiry: request.inquiry,
      headers: request.headers,
      body: request.body,
      streamed: request.streamed,
    });
    device.session.value.send(exchange.id, frame);
    this.#dependencies.onRelayed('request', request.body.length);
    value.deliveries++;
    value.forwardedMonotonic ??= this.#dependencies.clock.monotonic();
    this.#runner.step(exchange, 'forward');
  }
}

/** Where an exchange waits for its target: by the machine that its address names, else by its service type. */
function whereToWait({ machine, serviceType }: Address): Shelf {
  return machine === undefined ? `type ${serviceType}` : `machine ${machine}`;
}

function outcome(code: ErrorCode, reason = ''): Outcome {
  return { code, reason, retryAfterMs: 0 };
}

const IN_LINE_QUOTA: Outcome = {
  ...outcome('quota', 'The hub has more to do than it gets done, and the machine has as much in line as it may.'),
  retryAfterMs: IN_LINE_RETRY_MS,
};

const IN_FLIGHT_QUOTA: Outcome = {
  ...outcome('quota', 'The machine has as many exchanges in flight as it may.'),
  retryAfterMs: IN_FLIGHT_RETRY_MS,
};
