import {
  announcesBody,
  decodeCancel,
  decodeExtend,
  decodeOutcome,
  decodeProgress,
  decodeRequest,
  decodeResponse,
  FrameType,
  PackedWriter,
  type BodyOpening,
  type Frame,
} from '@qconn/protocol';
import { ExchangeTable, Quotas, type LiveDevice, type QuotaRates, type Session } from '@qconn/routing';
import type { Stream } from '@qconn/transport';
import { Admission } from './admission.ts';
import { BodyRelay } from './bodies/body-relay.ts';
import { Departures } from './departures.ts';
import { ExchangeRunner } from './exchange-runner.ts';
import { FanOuts } from './fan-outs.ts';
import { Forwarding } from './forwarding.ts';
import type { ExchangeRecord, HubExchange } from './hub-exchange.ts';
import type { Peer } from './peer.ts';
import { mayPass } from './permission.ts';
import type { RelayDependencies } from './relay-dependencies.ts';
import type { RelayLimits } from './relay-limits.ts';

/**
 * One message's way through the hub: a Request is accepted ({@link Admission}), its target resolved, both sides' rights
 * decided, the message forwarded ({@link Forwarding}). What the target says of it goes to its sender by way of the
 * {@link ExchangeRunner}.
 */
export class Relay {
  readonly #dependencies: RelayDependencies;
  readonly #limits: RelayLimits;
  readonly #exchanges: ExchangeTable<Peer, ExchangeRecord>;
  readonly #runner: ExchangeRunner;
  readonly #quotas: Quotas;
  readonly #bodies: BodyRelay;
  readonly #admission: Admission;
  readonly #forwarding: Forwarding;
  readonly #fanOuts: FanOuts;
  readonly #departures: Departures;

  constructor(dependencies: RelayDependencies, limits: RelayLimits) {
    this.#dependencies = dependencies;
    this.#limits = limits;
    const writer = new PackedWriter({ reuses: true });
    const exchanges = new ExchangeTable<Peer, ExchangeRecord>({
      get inFlightMax() {
        return limits.inFlightPerMachine;
      },
    });
    const quotas = new Quotas(limits.rates);
    const onEnded: RelayDependencies['onEnded'] = (exchange, how) => {
      bodies.ended(exchange, how);
      dependencies.onEnded(exchange, how);
    };
    const { stageHoldMs } = limits;
    const runner = new ExchangeRunner({ ...dependencies, stageHoldMs, writer, exchanges, onEnded });
    const onRequestMoved = (id: number): void => this.#requestMoved(id);
    const bodies = new BodyRelay({ ...dependencies, writer, quotas, onRequestMoved }, limits.bodies);
    this.#admission = new Admission({ ...dependencies, writer, exchanges, quotas }, limits);
    this.#forwarding = new Forwarding({ ...dependencies, writer, exchanges, runner, bodies }, limits);
    const [admission, forwarding] = [this.#admission, this.#forwarding];
    this.#fanOuts = new FanOuts({ ...dependencies, writer, runner, admission, forwarding });
    this.#departures = new Departures({ exchanges, runner, bodies });
    this.#exchanges = exchanges;
    this.#runner = runner;
    this.#quotas = quotas;
    this.#bodies = bodies;
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
    return this.#admission.draining;
  }

  /** A turn of the event loop is over. */
  nextTurn(): void {
    this.#exchanges.nextTurn();
  }

  /** Takes a Request frame from a sender. @throws QconnError for a peer that breaks the protocol */
  request(sender: Session<Peer>, frame: Frame): void {
    const request = decodeRequest(frame);
    const now = this.#dependencies.clock.monotonic();
    const refusal = this.#admission.refusal(sender, request, now);
    if (refusal !== undefined) return this.#admission.refuse(sender, frame.id, refusal);
    const exchange = this.#admission.open(sender, frame.id, request, now);
    if (exchange === undefined) return;
    exchange.value.held = this.#dependencies.memory.hold(request);
    this.#runner.schedule(exchange, now + request.resolutionMs);
    if (request.streamed !== undefined) this.#bodies.announced(exchange, sender);
    this.#forwarding.forward(exchange, request);
  }

  /**
   * Takes a RequestAll frame from a sender.
   * @returns how many exchanges it became
   * @throws QconnError for a peer that breaks the protocol
   */
  requestAll(sender: Session<Peer>, frame: Frame): number {
    return this.#fanOuts.request(sender, frame);
  }

  /** Refuses a request that there is no time for, without reading it: the machine has as much in line as it may. */
  refuseInTurn(sender: Session<Peer>, requestId: number): void {
    this.#admission.refuseInTurn(sender, requestId);
  }

  /** Takes a Cancel frame from a sender. */
  cancel(sender: Session<Peer>, frame: Frame): void {
    const cancelCode = decodeCancel(frame);
    const exchange = this.#exchanges.sent(sender, frame.id);
    if (exchange !== undefined) this.#departures.cancelled(exchange, cancelCode);
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
        return this.#extend(exchange, decodeExtend(frame));
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
    this.#forwarding.provided(device);
  }

  /** A device can be found that could not be found before, under this hostname or these service types. */
  appeared(device: LiveDevice<Peer>): void {
    this.#forwarding.appeared(device);
  }

  /** A session is gone. @param revoked its machine was revoked: it will not come back, and its work is to stop */
  lost(session: Session<Peer>, revoked: boolean): void {
    this.#departures.lost(session, revoked);
  }

  /**
   * Ends what revoked machines that are not connected have left behind.
   * @param touched machines that have changed
   */
  sweepRevoked(touched: readonly string[] | 'all', isRevoked: (fingerprint: string) => boolean): void {
    this.#departures.sweepRevoked(touched, isRevoked);
  }

  /** Takes no new requests; what has not been sent anywhere is given back. */
  drain(): void {
    this.#admission.draining = true;
    for (const exchange of [...this.#exchanges]) this.#runner.step(exchange, 'drain');
  }

  /** Ends everything that is left, honestly. */
  close(): void {
    this.#admission.draining = true;
    for (const exchange of [...this.#exchanges]) this.#runner.step(exchange, 'shutdown');
    this.#bodies.close();
    this.#runner.close();
  }

  /** Forgets machines that have been quiet; call it every minute or so. */
  sweep(): void {
    this.#exchanges.sweep();
    this.#quotas.sweep(this.#dependencies.clock.monotonic());
  }

  #extend(exchange: HubExchange, extendMs: number): void {
    if (this.#mayGoOn(exchange)) this.#runner.step(exchange, 'extend', { extendMs });
  }

  /** A piece of a request's body has passed: its job has more time, as if its provider had asked for it. */
  #requestMoved(id: number): void {
    const exchange = this.#exchanges.get(id);
    if (exchange !== undefined && this.#mayGoOn(exchange)) this.#runner.bodyMoved(exchange);
  }

  /** What runs under a grant that was withdrawn may end in the time that it was given, and gets no more. */
  #mayGoOn({ senderFingerprint, target, value }: HubExchange): boolean {
    if (target === undefined) return false;
    const policy = this.#dependencies.policy();
    return mayPass(policy, senderFingerprint, target.session.fingerprint, value.serviceType).allowed;
  }
}
