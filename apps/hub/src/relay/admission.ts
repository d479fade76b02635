import { encodeOutcome, QconnError, type Outcome, type PackedWriter, type Request } from '@qconn/protocol';
import type { ExchangeTable, Quotas, Session } from '@qconn/routing';
import type { ExchangeRecord, HubExchange } from './hub-exchange.ts';
import type { Peer } from './peer.ts';
import type { RelayDependencies } from './relay-dependencies.ts';
import type { RelayLimits } from './relay-limits.ts';
import { refusalWith } from './refusal.ts';

/** What admission takes. */
export interface AdmissionDependencies extends Pick<RelayDependencies, 'clock' | 'traceParentOf' | 'onRefused'> {
  readonly writer: PackedWriter;
  readonly exchanges: ExchangeTable<Peer, ExchangeRecord>;
  readonly quotas: Quotas;
}

/** When a sender that has as many exchanges in flight as it may should try again, in milliseconds. */
const IN_FLIGHT_RETRY_MS = 100;

/** When a sender that has as much in line as it may should try again, in milliseconds: five times what the line takes. */
const IN_LINE_RETRY_MS = 100;

const IN_LINE_QUOTA: Outcome = {
  ...refusalWith('quota', 'The hub has more to do than it gets done, and the machine has as much in line as it may.'),
  retryAfterMs: IN_LINE_RETRY_MS,
};

const IN_FLIGHT_QUOTA: Outcome = {
  ...refusalWith('quota', 'The machine has as many exchanges in flight as it may.'),
  retryAfterMs: IN_FLIGHT_RETRY_MS,
};

/** Where a request becomes an exchange, or is turned away: limits, rates, and whether the hub takes anything at all. */
export class Admission {
  readonly #dependencies: AdmissionDependencies;
  readonly #limits: Pick<RelayLimits, 'inFlightPerMachine' | 'bodies'>;
  /** New requests are refused because the hub stops. */
  draining = false;

  constructor(dependencies: AdmissionDependencies, limits: Pick<RelayLimits, 'inFlightPerMachine' | 'bodies'>) {
    this.#dependencies = dependencies;
    this.#limits = limits;
  }

  /** Why a request is turned away, if it is; what passes is taken from its sender's rates. @param now monotonic milliseconds, as below */
  refusal(sender: Session<Peer>, request: Request, now: number): Outcome | undefined {
    const tooLong = this.#tooLong(request);
    if (tooLong !== undefined) return tooLong;
    if (this.draining) return refusalWith('hub_draining');
    const retryAfterMs = this.#dependencies.quotas.admit(sender.fingerprint, request.body.length, now);
    return retryAfterMs > 0
      ? { ...refusalWith('quota', 'The machine sends faster than it may.'), retryAfterMs }
      : undefined;
  }

  /** Why a fan-out is turned away that has passed as one request and has so many targets, if it is; else its others are taken from the rates. */
  refusalOfAll(sender: Session<Peer>, request: Request, targets: number, now: number): Outcome | undefined {
    const { exchanges, quotas } = this.#dependencies;
    const { fingerprint } = sender;
    if (exchanges.inFlight(fingerprint) + targets > this.#limits.inFlightPerMachine) return IN_FLIGHT_QUOTA;
    const others = targets - 1;
    quotas.charge(fingerprint, others, others * request.body.length, now);
    return undefined;
  }

  /**
   * Takes a request in.
   * @returns its exchange, or `undefined` where the sender has as many in flight as it may: it has been told
   * @throws QconnError `unexpected_frame` for an id that is in flight
   */
  open(sender: Session<Peer>, requestId: number, request: Request, now: number): HubExchange | undefined {
    const exchange = this.#dependencies.exchanges.open(sender, requestId, this.#accepted(request, now));
    if (exchange === 'duplicate')
      throw new QconnError('unexpected_frame', `Request ${requestId} is in flight already.`);
    if (exchange !== 'quota') return exchange;
    this.refuse(sender, requestId, IN_FLIGHT_QUOTA);
    return undefined;
  }

  /** Refuses a request that there is no time for, without reading it: the machine has as much in line as it may. */
  refuseInTurn(sender: Session<Peer>, requestId: number): void {
    this.refuse(sender, requestId, IN_LINE_QUOTA);
  }

  refuse(sender: Session<Peer>, requestId: number, refusal: Outcome): void {
    this.#dependencies.onRefused(refusal.code);
    sender.value.send(requestId, encodeOutcome(this.#dependencies.writer, requestId, refusal));
  }

  /** A body that is announced as longer than this hub lets pass. */
  #tooLong({ streamed }: Request): Outcome | undefined {
    const { bytesMax } = this.#limits.bodies;
    if (streamed?.length === undefined || streamed.length <= bytesMax) return undefined;
    return refusalWith('too_large', `The body has ${streamed.length} bytes; this hub’s limit is ${bytesMax}.`);
  }

  #accepted(request: Request, now: number): ExchangeRecord {
    const { clock, traceParentOf } = this.#dependencies;
    return {
      state: 'resolving',
      acceptedAt: clock.now(),
      acceptedMonotonic: now,
      forwardedMonotonic: undefined,
      acknowledgedMonotonic: undefined,
      serviceType: request.address.serviceType,
      inquiry: request.inquiry,
      idempotencyKey: request.inquiry ? undefined : request.idempotencyKey,
      jobMs: request.jobMs,
      requestBytes: request.body.length,
      responseBytes: 0,
      traceParent: traceParentOf?.(request.headers),
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
}
