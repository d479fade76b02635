import { encodeDeliver, type Address, type Outcome, type PackedWriter, type Request } from '@qconn/protocol';
import {
  resolve,
  resolveAll,
  type ExchangeTable,
  type FanOutResolution,
  type LiveDevice,
  type ResolutionContext,
} from '@qconn/routing';
import type { BodyRelay } from './bodies/body-relay.ts';
import type { ExchangeRunner } from './exchange-runner.ts';
import type { HeldRequest } from './frame-memory.ts';
import type { ExchangeRecord, HubExchange } from './hub-exchange.ts';
import type { Peer } from './peer.ts';
import { mayPass, nameIn } from './permission.ts';
import { refusalWith } from './refusal.ts';
import type { RelayDependencies } from './relay-dependencies.ts';
import type { RelayLimits } from './relay-limits.ts';
import { LastRoutes, routeTo, type Route } from './route.ts';
import type { Shelf } from './shelves.ts';

/** What forwarding takes. */
export interface ForwardingDependencies extends Pick<
  RelayDependencies,
  'clock' | 'random' | 'sessions' | 'policy' | 'knownMachine' | 'onRelayed'
> {
  readonly writer: PackedWriter;
  readonly exchanges: ExchangeTable<Peer, ExchangeRecord>;
  readonly runner: ExchangeRunner;
  readonly bodies: BodyRelay;
}

/** From an accepted request to its target: found, both sides' rights decided, delivered; and again, when something has changed. */
export class Forwarding {
  readonly #dependencies: ForwardingDependencies;
  readonly #limits: Pick<RelayLimits, 'bufferedBytesPerMachine'>;
  readonly #lastRoutes = new LastRoutes();

  constructor(dependencies: ForwardingDependencies, limits: Pick<RelayLimits, 'bufferedBytesPerMachine'>) {
    this.#dependencies = dependencies;
    this.#limits = limits;
  }

  /** Finds the target of a request and hands it over; without one its sender waits, if it asked to, or is told why. */
  forward(exchange: HubExchange, request: Request): void {
    const { sessions, runner } = this.#dependencies;
    const { address } = request;
    const sender = exchange.senderFingerprint;
    const policy = this.#dependencies.policy();
    const known = this.#lastRoutes.find(sender, address, policy, sessions);
    if (known !== undefined) return this.#take(exchange, known);
    const resolution = resolve(sessions, address, this.#contextOf(sender, request));
    if (resolution.outcome === 'resolved') {
      const route = routeTo(resolution.device, sender, policy);
      this.#lastRoutes.keep(sender, address, policy, sessions, route);
      return this.#take(exchange, route);
    }
    const why = refusalWith(resolution.outcome, `${resolution.reason}.`);
    const waits = request.waitForTarget && why.code !== 'forbidden';
    if (waits && runner.awaitTarget(exchange, whereToWait(address), why)) return;
    this.#unresolved(exchange, why);
  }

  /** Every target of a request to many. */
  targetsOf(sender: string, request: Request, limit: number): FanOutResolution<Peer> {
    return resolveAll(this.#dependencies.sessions, request.address, this.#contextOf(sender, request), limit);
  }

  /** A device was registered: what waited for it is forwarded again, if it still may. */
  provided(device: LiveDevice<Peer>): void {
    const { fingerprint } = device.session;
    for (const exchange of this.#dependencies.runner.on(`back ${fingerprint}`)) {
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

  /** Delivers to a device that was found, if its machine keeps up. */
  handOver(exchange: HubExchange, device: LiveDevice<Peer>): void {
    this.#take(exchange, this.#routeTo(exchange, device));
  }

  #take(exchange: HubExchange, route: Route): void {
    const { session } = route.device;
    exchange.value.target = route.target;
    if (session.value.bufferedBytes > this.#limits.bufferedBytesPerMachine) {
      const name = nameIn(this.#dependencies.policy(), session.fingerprint);
      return this.#unresolved(exchange, refusalWith('busy', `${name} does not keep up with what it is sent.`));
    }
    this.#deliver(exchange, route);
  }

  #routeTo({ senderFingerprint }: HubExchange, device: LiveDevice<Peer>): Route {
    return routeTo(device, senderFingerprint, this.#dependencies.policy());
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

  /** Looks once more for a target of what waits for one. */
  #tryAgain(shelf: Shelf): void {
    for (const exchange of this.#dependencies.runner.on(shelf)) {
      const { held } = exchange.value;
      if (held !== undefined) this.forward(exchange, held.request);
    }
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
      return this.#dependencies.runner.step(exchange, 'targetRestarted', { reason });
    }
    const permission = mayPass(this.#dependencies.policy(), exchange.senderFingerprint, fingerprint, serviceType);
    if (permission.allowed && device.serviceTypes.has(serviceType))
      this.#deliver(exchange, this.#routeTo(exchange, device));
  }

  #unresolved(exchange: HubExchange, why: Outcome): void {
    this.#dependencies.runner.step(exchange, 'unresolved', { outcome: why });
  }

  #deliver(exchange: HubExchange, { device, from }: Route): void {
    const { clock, writer, exchanges, bodies, onRelayed, runner } = this.#dependencies;
    const { value } = exchange;
    const { request } = value.held as HeldRequest;
    exchanges.assign(exchange, device);
    if (request.streamed !== undefined) bodies.delivered(exchange, device.session);
    const frame = encodeDeliver(writer, exchange.id, {
      from,
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
    onRelayed('request', request.body.length);
    value.deliveries++;
    value.forwardedMonotonic ??= clock.monotonic();
    runner.step(exchange, 'forward');
  }
}

/** Where an exchange waits for its target: by the machine that its address names, else by its service type. */
function whereToWait({ machine, serviceType }: Address): Shelf {
  return machine === undefined ? `type ${serviceType}` : `machine ${machine}`;
}
