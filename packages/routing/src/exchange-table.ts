import { DeadlineQueue } from '@qconn/clock';
import { EXCHANGES_IN_FLIGHT_MAX, IdMap, LaneIds, LANES_PER_CONNECTION } from '@qconn/protocol';
import { Exchange } from './exchange.ts';
import type { LiveDevice } from './live-device.ts';
import type { Session } from './session.ts';

/** Why an exchange was not taken in. */
export type ExchangeRefusal = 'quota' | 'duplicate';

/**
 * Every exchange that is not over, found by the hub's id, by the sender's session and request id, and by the
 * target's session; with one deadline each. Times are the caller's, all from one clock.
 */
export class ExchangeTable<S, T> {
  readonly #byId = new IdMap<Exchange<S, T>>();
  readonly #inFlight = new Map<string, number>();
  readonly #deadlines = new DeadlineQueue<Exchange<S, T>>();
  readonly #ids = new LaneIds(LANES_PER_CONNECTION);
  readonly #limits: { readonly inFlightMax?: number };

  /** @param limits `inFlightMax`: exchanges in flight per sending machine, orphaned ones included; looked at for each */
  constructor(limits: { readonly inFlightMax?: number } = {}) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** The earliest deadline of all. */
  get nextDeadline(): number | undefined {
    return this.#deadlines.nextAt;
  }

  /**
   * Takes in an exchange.
   * @returns `quota` when the machine has as many in flight as it may, over all its sessions; `duplicate` when the
   *   session has one with that request id
   */
  open(sender: Session<S>, requestId: number, value: T): Exchange<S, T> | ExchangeRefusal {
    const count = this.#inFlight.get(sender.fingerprint) ?? 0;
    if (count >= (this.#limits.inFlightMax ?? EXCHANGES_IN_FLIGHT_MAX)) return 'quota';
    if (sender.sent.has(requestId)) return 'duplicate';
    const exchange = new Exchange<S, T>(this.#ids.next(), sender, requestId, value);
    this.#byId.set(exchange.id, exchange);
    sender.sent.set(requestId, exchange);
    this.#inFlight.set(sender.fingerprint, count + 1);
    return exchange;
  }

  /** A turn of the event loop is over: what is opened from now on shares its packets with nothing before it. */
  nextTurn(): void {
    this.#ids.nextLane();
  }

  /** The exchange with the hub's id. */
  get(id: number): Exchange<S, T> | undefined {
    return this.#byId.get(id);
  }

  /** The exchange that a session sent under its own request id. */
  sent(sender: Session<S>, requestId: number): Exchange<S, T> | undefined {
    return sender.sent.get(requestId) as Exchange<S, T> | undefined;
  }

  /** What a session has sent, copied, so that a sweep may close as it goes. */
  ofSender(sender: Session<S>): Exchange<S, T>[] {
    return sender.sent.values() as Exchange<S, T>[];
  }

  /** What a session is working on, copied, so that a sweep may close as it goes. */
  ofTarget(target: Session<S>): Exchange<S, T>[] {
    return target.received.values() as Exchange<S, T>[];
  }

  /** Exchanges in flight of a sending machine. */
  inFlight(fingerprint: string): number {
    return this.#inFlight.get(fingerprint) ?? 0;
  }

  /** Gives an exchange its target, in place of the one that it had. */
  assign(exchange: Exchange<S, T>, target: LiveDevice<S>): void {
    this.unassign(exchange);
    exchange.target = target;
    target.began();
    target.session.received.set(exchange.id, exchange);
  }

  /** Takes an exchange's target away: its session is gone, and another may follow. */
  unassign(exchange: Exchange<S, T>): void {
    const { target } = exchange;
    if (target === undefined) return;
    exchange.target = undefined;
    target.ended();
    target.session.received.delete(exchange.id);
  }

  /** The sender's session is gone: nobody waits, but the exchange still counts against the machine that sent it. */
  orphan(exchange: Exchange<S, T>): void {
    const { sender } = exchange;
    if (sender === undefined) return;
    exchange.sender = undefined;
    sender.sent.delete(exchange.requestId);
  }

  /** Sets the exchange's one deadline, in place of the one that it had. */
  schedule(exchange: Exchange<S, T>, at: number): void {
    if (exchange.deadline === undefined) exchange.deadline = this.#deadlines.add(at, exchange);
    else this.#deadlines.reschedule(exchange.deadline, at);
  }

  /** Forgets machines that have nothing in flight. Call it every minute or so. */
  sweep(): void {
    for (const [fingerprint, count] of this.#inFlight) if (count === 0) this.#inFlight.delete(fingerprint);
  }

  /** Takes the next exchange whose deadline has come; it stays in the table, without a deadline, until closed. */
  popDue(now: number): Exchange<S, T> | undefined {
    return this.#deadlines.popDue(now)?.value;
  }

  /** Forgets an exchange that is over. Does nothing the second time. */
  close(exchange: Exchange<S, T>): void {
    if (!this.#byId.delete(exchange.id)) return;
    if (exchange.deadline !== undefined) this.#deadlines.cancel(exchange.deadline);
    this.orphan(exchange);
    this.unassign(exchange);
    this.#inFlight.set(exchange.senderFingerprint, this.inFlight(exchange.senderFingerprint) - 1);
  }

  [Symbol.iterator](): Iterator<Exchange<S, T>> {
    return this.#byId.values()[Symbol.iterator]();
  }
}
