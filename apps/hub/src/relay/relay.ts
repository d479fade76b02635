import type { Policy } from '@qconn/authz';
import type { Clock } from '@qconn/clock';
import {
  DEADLINE_MAX_MS,
  decodeCancel,
  decodeExtend,
  decodeOutcome,
  decodeRequest,
  decodeResponse,
  encodeCancel,
  encodeDeliver,
  encodeOutcome,
  FrameType,
  HUB_EXCHANGE,
  HUB_FAILURES,
  outcomeFromProvider,
  PackedWriter,
  QconnError,
  transition,
  type ErrorCode,
  type Frame,
  type HubAction,
  type HubEvent,
  type Outcome,
  type Request,
} from '@qconn/protocol';
import {
  ExchangeTable,
  Quotas,
  resolve,
  type LiveDevice,
  type QuotaRates,
  type Session,
  type SessionTable,
} from '@qconn/routing';
import { DeadlineAlarm } from './deadline-alarm.ts';
import type { ExchangeRecord, HubExchange } from './hub-exchange.ts';
import type { Peer } from './peer.ts';
import { mayPass, nameIn } from './permission.ts';
import { SenderReports } from './sender-reports.ts';
import { WaitingRoom } from './waiting-room.ts';

/** What the relay works with. */
export interface RelayDependencies {
  readonly clock: Clock;
  /** A fresh random number in [0, 1). */
  readonly random: () => number;
  readonly sessions: SessionTable<Peer>;
  /** The policy in force now. */
  readonly policy: () => Policy;
  /** The fingerprint of an enrolled machine by its fingerprint or hostname, connected or not. */
  readonly knownMachine: (machine: string) => string | undefined;
  /** Told of every exchange that ends, for metrics and the log. */
  readonly onEnded: (exchange: HubExchange, outcome: ErrorCode | 'completed') => void;
}

/** Limits of the relay. */
export interface RelayLimits {
  /** Exchanges in flight per sending machine. */
  readonly inFlightPerMachine: number;
  readonly rates: QuotaRates;
  /** Bytes that may wait for one machine; past that it is `busy`. */
  readonly bufferedBytesPerMachine: number;
}

/** When a sender that has as many exchanges in flight as it may should try again, in milliseconds. */
const IN_FLIGHT_RETRY_MS = 100;

/** What arrives with an event. */
interface Arrival {
  readonly frame?: Frame;
  readonly outcome?: Outcome;
  readonly device?: LiveDevice<Peer>;
  /** Why the target is told to stop. */
  readonly cancelCode?: ErrorCode;
}

/**
 * One message's way through the hub: a Request is accepted, its target resolved, both sides' rights
 * decided, the message forwarded, and what the target says of it reported to its sender. The
 * state table HUB_EXCHANGE decides what follows on what; this class does it.
 */
export class Relay {
  readonly #dependencies: RelayDependencies;
  readonly #limits: RelayLimits;
  readonly #writer = new PackedWriter();
  readonly #reports: SenderReports;
  readonly #exchanges: ExchangeTable<Peer, ExchangeRecord>;
  readonly #quotas: Quotas;
  readonly #waiting = new WaitingRoom();
  readonly #alarm: DeadlineAlarm;
  #draining = false;

  constructor(dependencies: RelayDependencies, limits: RelayLimits) {
    this.#dependencies = dependencies;
    this.#limits = limits;
    this.#reports = new SenderReports({ clock: dependencies.clock, writer: this.#writer });
    this.#exchanges = new ExchangeTable({ inFlightMax: limits.inFlightPerMachine });
    this.#quotas = new Quotas(limits.rates);
    this.#alarm = new DeadlineAlarm(dependencies.clock, () => this.#expire());
  }

  /** Exchanges that are not over. */
  get size(): number {
    return this.#exchanges.size;
  }

  /** Takes a Request frame from a sender. @throws QconnError for a peer that breaks the protocol */
  request(sender: Session<Peer>, frame: Frame): void {
    const request = decodeRequest(frame);
    const refusal = this.#refusal(sender, request);
    const exchange = refusal ?? this.#exchanges.open(sender, frame.id, this.#accept(request));
    if (exchange === 'duplicate' || frame.id === 0)
      throw new QconnError('unexpected_frame', `Request ${frame.id} is in flight already, or has no id.`);
    if (exchange === 'quota')
      return this.#refuse(sender, frame.id, quota('has as many exchanges in flight as it may', IN_FLIGHT_RETRY_MS));
    if (!('requestId' in exchange)) return this.#refuse(sender, frame.id, exchange);
    this.#schedule(exchange, exchange.value.acceptedMonotonic + request.resolutionMs);
    this.#forward(exchange, sender, request);
  }

  /** Takes a Cancel frame from a sender. */
  cancel(sender: Session<Peer>, frame: Frame): void {
    const cancelCode = decodeCancel(frame);
    const exchange = this.#exchanges.sent(sender, frame.id);
    if (exchange !== undefined) this.#step(exchange, 'cancel', { cancelCode });
  }

  /** Takes an Ack, Progress, Extend, Response or Outcome frame from a provider; late ones change nothing. */
  fromProvider(provider: Session<Peer>, frame: Frame): void {
    const exchange = this.#exchanges.get(frame.id);
    if (exchange?.target?.session !== provider) return;
    switch (frame.type) {
      case FrameType.Ack:
        return this.#step(exchange, 'ack', {});
      case FrameType.Progress:
        return this.#step(exchange, 'progress', { frame });
      case FrameType.Extend:
        return this.#step(exchange, 'extend', { frame });
      case FrameType.Response:
        return this.#step(exchange, 'respond', { frame });
      default:
        return this.#step(exchange, 'fail', { outcome: decodeOutcome(frame) });
    }
  }

  /** A device was registered: what waited for it is forwarded again, if it still may. */
  provided(device: LiveDevice<Peer>): void {
    for (const exchange of this.#waiting.of(device.session.fingerprint, device.name)) {
      const { serviceType } = exchange.value;
      const permission = mayPass(
        this.#dependencies.policy(),
        exchange.senderFingerprint,
        device.session.fingerprint,
        serviceType,
      );
      if (permission.allowed && device.serviceTypes.has(serviceType)) this.#send(exchange, device);
    }
  }

  /** A session is gone. @param revoked its machine was revoked: it will not come back, and its work is to stop */
  lost(session: Session<Peer>, revoked: boolean): void {
    for (const exchange of this.#exchanges.ofTarget(session)) {
      const device = exchange.target?.name ?? '';
      this.#step(exchange, revoked ? 'targetRevoked' : 'targetLost', {});
      if (exchange.value.state === 'waiting') this.#wait(exchange, session.fingerprint, device);
    }
    for (const exchange of this.#exchanges.ofSender(session)) {
      this.#step(exchange, revoked ? 'senderRevoked' : 'senderLost', {
        cancelCode: revoked ? 'revoked' : 'sender_lost',
      });
      this.#exchanges.orphan(exchange);
    }
    if (revoked)
      for (const exchange of this.#waiting.of(session.fingerprint)) this.#step(exchange, 'targetRevoked', {});
  }

  /** Takes no new requests; what has not been sent anywhere is given back. */
  drain(): void {
    this.#draining = true;
    for (const exchange of [...this.#exchanges]) this.#step(exchange, 'drain', {});
  }

  /** Ends everything that is left, honestly. */
  close(): void {
    this.#draining = true;
    for (const exchange of [...this.#exchanges]) this.#step(exchange, 'shutdown', {});
    this.#alarm.cancel();
  }

  /** Forgets the quotas of machines that have been quiet; call it every minute or so. */
  sweep(): void {
    this.#quotas.sweep(this.#dependencies.clock.monotonic());
  }

  #refusal(sender: Session<Peer>, request: Request): Outcome | undefined {
    if (this.#draining) return outcome('hub_draining');
    const waitMs = this.#quotas.admit(sender.fingerprint, request.body.length, this.#dependencies.clock.monotonic());
    return waitMs > 0 ? quota('sends faster than it may', waitMs) : undefined;
  }

  #refuse(sender: Session<Peer>, requestId: number, refusal: Outcome): void {
    sender.value.send(requestId, encodeOutcome(this.#writer, requestId, refusal));
  }

  #accept(request: Request): ExchangeRecord {
    return {
      state: 'resolving',
      acceptedAt: this.#dependencies.clock.now(),
      acceptedMonotonic: this.#dependencies.clock.monotonic(),
      serviceType: request.address.serviceType,
      jobMs: request.jobMs,
      request,
      deliveries: 0,
      extendNoLaterThan: Infinity,
      waitingFor: undefined,
    };
  }

  #forward(exchange: HubExchange, sender: Session<Peer>, request: Request): void {
    const policy = this.#dependencies.policy();
    const resolution = resolve(this.#dependencies.sessions, request.address, {
      permitted: (target) => mayPass(policy, sender.fingerprint, target, request.address.serviceType),
      knownMachine: this.#dependencies.knownMachine,
      random01: this.#dependencies.random(),
    });
    if (resolution.outcome !== 'resolved')
      return this.#step(exchange, 'unresolved', { outcome: outcome(resolution.outcome, `${resolution.reason}.`) });
    const { device } = resolution;
    if (device.session.value.bufferedBytes > this.#limits.bufferedBytesPerMachine) {
      const name = nameIn(policy, device.session.fingerprint);
      return this.#step(exchange, 'unresolved', {
        outcome: outcome('busy', `${name} does not keep up with what it is sent.`),
      });
    }
    this.#send(exchange, device);
  }

  #send(exchange: HubExchange, device: LiveDevice<Peer>): void {
    const request = exchange.value.request as Request;
    const frame = encodeDeliver(this.#writer, exchange.id, {
      from: {
        fingerprint: exchange.senderFingerprint,
        hostname: this.#dependencies.policy().machine(exchange.senderFingerprint)?.hostname,
      },
      serviceType: exchange.value.serviceType,
      device: device.name,
      jobMs: exchange.value.jobMs,
      idempotencyKey: request.idempotencyKey,
      redelivered: exchange.value.deliveries > 0,
      headers: request.headers,
      body: request.body,
    });
    this.#exchanges.assign(exchange, device);
    device.session.value.send(exchange.id, frame);
    exchange.value.deliveries++;
    this.#step(exchange, 'forward', { device });
  }

  #wait(exchange: HubExchange, fingerprint: string, device: string): void {
    this.#exchanges.unassign(exchange);
    exchange.value.waitingFor = { fingerprint, device };
    this.#waiting.add(exchange, fingerprint);
  }

  #step(exchange: HubExchange, event: HubEvent, arrival: Arrival): void {
    const { value } = exchange;
    const row = transition(HUB_EXCHANGE, value.state, event);
    if (row === undefined) return;
    if (value.state === 'waiting') this.#waiting.remove(exchange);
    value.state = row.next;
    for (const action of row.actions) this.#act(exchange, action, arrival);
    if (row.next === 'done') this.#exchanges.close(exchange);
  }

  #act(exchange: HubExchange, action: HubAction, arrival: Arrival): void {
    switch (action) {
      case 'reportForwarded':
        return this.#reports.forwarded(exchange, resolvedTarget(arrival.device as LiveDevice<Peer>));
      case 'reportAcknowledged':
        return this.#reports.acknowledged(exchange);
      case 'relayProgress':
        return this.#reports.progress(exchange, (arrival.frame as Frame).body);
      case 'relayResponse':
        this.#reports.completed(exchange, decodeResponse(arrival.frame as Frame));
        return this.#dependencies.onEnded(exchange, 'completed');
      case 'relayOutcome':
        return this.#fail(exchange, outcomeFromProvider(arrival.outcome as Outcome, exchange.value.deliveries));
      case 'failUnresolved':
        return this.#fail(exchange, arrival.outcome as Outcome);
      case 'armJobDeadline':
        return this.#armJobDeadline(exchange);
      case 'extendJobDeadline':
        return this.#schedule(
          exchange,
          Math.min(
            this.#dependencies.clock.monotonic() + decodeExtend(arrival.frame as Frame),
            exchange.value.extendNoLaterThan,
          ),
        );
      case 'cancelTarget': {
        const { target } = exchange;
        target?.session.value.send(
          exchange.id,
          encodeCancel(this.#writer, exchange.id, arrival.cancelCode ?? 'deadline_exceeded'),
        );
        return;
      }
      default:
        return this.#fail(exchange, outcome(HUB_FAILURES[action]));
    }
  }

  #armJobDeadline(exchange: HubExchange): void {
    const { value } = exchange;
    const now = this.#dependencies.clock.monotonic();
    value.request = undefined;
    value.extendNoLaterThan = now + DEADLINE_MAX_MS;
    this.#schedule(exchange, now + value.jobMs);
  }

  #fail(exchange: HubExchange, why: Outcome): void {
    this.#reports.failed(exchange, why);
    this.#dependencies.onEnded(exchange, why.code);
  }

  #schedule(exchange: HubExchange, at: number): void {
    this.#exchanges.schedule(exchange, at);
    this.#alarm.noLaterThan(at);
  }

  #expire(): number | undefined {
    const now = this.#dependencies.clock.monotonic();
    for (let due = this.#exchanges.popDue(now); due !== undefined; due = this.#exchanges.popDue(now)) {
      const running = due.value.state === 'acknowledged' || due.value.state === 'orphaned';
      this.#step(due, running ? 'jobDeadline' : 'resolutionDeadline', {});
    }
    return this.#exchanges.nextDeadline;
  }
}

function resolvedTarget({ session, name }: LiveDevice<Peer>): {
  fingerprint: string;
  hostname: string;
  device: string;
} {
  return { fingerprint: session.fingerprint, hostname: session.hostname ?? '', device: name };
}

function outcome(code: ErrorCode, reason = ''): Outcome {
  return { code, reason, retryAfterMs: 0 };
}

function quota(what: string, retryAfterMs: number): Outcome {
  return { code: 'quota', reason: `The machine ${what}.`, retryAfterMs };
}
