import type { Clock } from '@qconn/clock';
import {
  BODY_MAX_BYTES,
  DRAIN_MS,
  EXCHANGES_IN_FLIGHT_MAX,
  FAN_OUT_MAX,
  QconnError,
  RESOLUTION_DEADLINE_MS,
  type Address,
  type MachineStatus,
  type Provider,
  type ProviderFilter,
  type Query,
  type Renewed,
  type Request,
  type TrustHeld,
  type Welcome,
} from '@qconn/protocol';
import type { Content } from './body/content.ts';
import { addressOf, draft, type FanOutOptions, type InquiryOptions, type RequestOptions } from './exchange/draft.ts';
import type { Handler, Provision } from './exchange/job.ts';
import { jobReport, type JobReport } from './exchange/job-report.ts';
import { Jobs, type JobHistory } from './exchange/jobs.ts';
import { FanOut } from './exchange/fan-out.ts';
import { provisionOf, type DeviceOptions } from './exchange/provision.ts';
import type { Reply } from './exchange/reply.ts';
import { noRoom } from './exchange/request-failure.ts';
import type { PresenceEvent } from './presence/presence-event.ts';
import { watchPresence } from './presence/watch-presence.ts';
import type { Session } from './session/session.ts';
import type { ClientEvent } from './supervisor/client-event.ts';
import type { Phase } from './supervisor/supervisor.ts';
import { isTraced } from './tracing/is-traced.ts';
import { traceRequest } from './tracing/trace-request.ts';
import { wrongArgument } from './wrong-argument.ts';
import { Uplink, type ConnectedOptions, type UplinkDependencies } from './supervisor/uplink.ts';

/** What a client needs from outside. */
export interface ClientDependencies extends Omit<UplinkDependencies, 'jobs'> {
  /** Renews the credential at once. @returns when the new one expires, in milliseconds since 1970 */
  readonly renewNow?: () => Promise<number>;
  /** Closes what the client was given to work with; called once, at its end. */
  readonly release?: () => Promise<void>;
  /** Jobs of earlier runs of the program; without it jobs are remembered in memory alone. */
  readonly history?: JobHistory | undefined;
}

/** What the hub last said of this machine. */
export interface OwnMachine extends MachineStatus {
  readonly fingerprint: string;
  /** What an administrator compares before approving. */
  readonly shortCode: string;
}

type WaitOptions = Pick<RequestOptions, 'signal' | 'whenOffline'>;

/**
 * How often a closing client looks whether its work has ended, in milliseconds. It looks, for requests, jobs and bodies end in half a
 * dozen places on the way of every message: to tell of each end there would cost all of them, for two seconds once in a client's life.
 */
const DRAIN_LOOK_MS = 10;

/**
 * A program's place at the hub. It keeps itself connected: devices stay provided over reconnects, and requests wait for a
 * connection if they may.
 */
export class Client {
  readonly #clock: Clock;
  readonly #release: () => Promise<void>;
  readonly #renewNow: (() => Promise<number>) | undefined;
  readonly #jobs: Jobs;
  readonly #uplink: Uplink;
  #closing: Promise<void> | undefined;
  /** Requests that wait for a connection: no more than could be sent once it is there. */
  #waiting = 0;
  /** Queries that wait for a connection or for their answer. */
  #queries = 0;

  /** @param agent program and version for the hub's log, such as `my-lims/2.3` */
  constructor(dependencies: ClientDependencies, agent: string) {
    this.#clock = dependencies.clock;
    this.#release = dependencies.release ?? (() => Promise.resolve());
    this.#renewNow = dependencies.renewNow;
    this.#jobs = new Jobs({
      ...dependencies,
      overdue: (report) => this.#uplink.events.emit({ kind: 'overdue', ...report }),
    });
    this.#uplink = new Uplink({ ...dependencies, jobs: this.#jobs }, agent);
  }

  /** Begins to connect. Returns at once; {@link Client.connected} waits. */
  start(): void {
    this.#uplink.start();
  }

  get phase(): Phase {
    return this.#uplink.phase;
  }

  /** `undefined` before the first welcome. */
  get machine(): OwnMachine | undefined {
    const { machine, welcome } = this.#uplink;
    return machine && welcome && { ...machine, fingerprint: welcome.fingerprint, shortCode: welcome.shortCode };
  }

  /** Why the client is not connected; `undefined` while it is. */
  get lastError(): QconnError | undefined {
    return this.#uplink.lastError;
  }

  /** Events from now on, until {@link Client.close}. */
  events(): AsyncIterableIterator<ClientEvent> {
    return this.#uplink.events.read();
  }

  /**
   * Waits for a connection.
   * @throws QconnError a permanent refusal, such as `revoked`; `closed` after {@link Client.close}; the last failure, or
   *   `unreachable`, when `signal` fires first
   */
  async connected(options: ConnectedOptions = {}): Promise<Welcome> {
    const { phase = 'connected' } = options;
    if (!['connected', 'online'].includes(phase)) throw wrongArgument('phase', 'connected or online', phase);
    return this.#uplink.connected(options);
  }

  /**
   * Sends a request and waits for its result.
   * @param address such as `print@printer-pc/zebra-1`, or its parts
   * @param body over 64 KiB, or given as a stream, it is streamed: it is read while the provider reads it, and no further once
   *   the exchange is over
   * @throws QconnError the outcome; `retrySafe` tells whether a retry may run the job twice
   */
  request(address: Address | string, body: Content, options: RequestOptions = {}): Promise<Reply> {
    try {
      const to = addressOf(address);
      if (!isTraced()) return this.#request(to, body, options);
      return traceRequest(to.serviceType, options, (traced) => this.#request(to, body, traced));
    } catch (error) {
      return rejection(error);
    }
  }

  /** Sends at once where there is a connection: a promise for each step would cost more than the step. @throws QconnError */
  #request(to: Address, body: Content, options: RequestOptions): Promise<Reply> {
    const { request, source } = draft(to, body, options);
    this.#uplink.expectAnswer();
    const { session } = this.#uplink;
    if (session !== undefined) return session.request(request, options, source);
    return this.#onceLive(request, options).then((live) => live.session.request(live.request, options, source));
  }

  /**
   * Sends a request to every live provider that fits the address and to which this machine may send it. Each answers for
   * itself.
   * @param body at most 64 KiB
   * @returns the results as they come, and a summary. A refusal of the whole request is thrown when these are read
   */
  requestAll(address: Address | string, body: Uint8Array | string, options: FanOutOptions = {}): FanOut {
    const fanOut = new FanOut();
    const send = async (): Promise<void> => {
      const { request, source } = draft(addressOf(address), body, options);
      if (source !== undefined)
        throw new QconnError('too_large', `A body for many targets has at most ${BODY_MAX_BYTES} bytes.`);
      const live = await this.#onceLive(request, options);
      live.session.requestAll({ ...live.request, limit: options.limit ?? FAN_OUT_MAX }, options, fanOut);
    };
    send().catch((error: unknown) => fanOut.refuse(error as QconnError));
    return fanOut;
  }

  /**
   * Asks a provider what became of a job that this machine gave it under an idempotency key. Nothing is run.
   * @param address with a machine: the one that the job went to; with its device too, if the machine has several
   * @throws QconnError why the provider could not be asked
   */
  async job(address: Address | string, idempotencyKey: string, options: InquiryOptions = {}): Promise<JobReport> {
    if (typeof idempotencyKey !== 'string') throw wrongArgument('The key of the job', 'text', idempotencyKey);
    const { request } = draft(addressOf(address), '', { ...options, idempotencyKey });
    if (request.address.machine === undefined)
      throw new QconnError('bad_address', 'An inquiry goes to the machine that has the job: name it in the address.');
    const live = await this.#onceLive(request, options);
    return jobReport(live.session.request({ ...live.request, inquiry: true }, options));
  }

  /** Waits for a connection to send it over. The wait counts against its resolution deadline. @throws QconnError */
  async #onceLive(request: Request, options: WaitOptions): Promise<{ session: Session; request: Request }> {
    this.#uplink.expectAnswer();
    if (this.#uplink.session !== undefined) return { session: this.#uplink.session, request };
    if (this.#waiting >= EXCHANGES_IN_FLIGHT_MAX)
      throw noRoom(`${this.#waiting} requests wait for a connection to the hub. This one was not sent.`);
    const started = this.#clock.monotonic();
    this.#waiting += 1;
    try {
      const session = await this.#liveSession(request.resolutionMs, options);
      const left = request.resolutionMs - (this.#clock.monotonic() - started);
      return { session, request: { ...request, resolutionMs: Math.max(1, Math.floor(left)) } };
    } finally {
      this.#waiting -= 1;
    }
  }

  /**
   * Provides a device: its requests go to the handler, now and after every reconnect. A device that the policy does not let
   * this machine provide is registered all the same, for a role may grant it later; the event `provided` says when.
   * @returns a function that takes the device back
   * @throws QconnError `bad_address` for malformed names, `too_large`, `invalid_request`, `invalid_state` when it is provided
   *   already, or what the hub refuses it with
   */
  async provide(device: DeviceOptions, handler: Handler): Promise<() => Promise<void>> {
    const provision = provisionOf(device, handler);
    if (this.phase === 'stopped') throw this.#uplink.notConnected();
    this.#jobs.add(provision);
    const { session } = this.#uplink;
    try {
      if (session !== undefined)
        await this.#uplink.register(session, { device: provision.device, serviceTypes: provision.serviceTypes });
    } catch (error) {
      // A session that ended in between is no refusal: the next one registers the device.
      if (this.#uplink.session === session) {
        this.#jobs.remove(provision);
        throw error;
      }
    }
    return () => this.#withdraw(provision);
  }

  /**
   * Finds providers that this machine may query: those that are online, unless the query's `state` says otherwise.
   * @throws QconnError `bad_address` for a malformed name; `invalid_request` when offline machines are asked for without a
   *   service type: what they would provide is known from their rights only; `quota` beside 1,024 others, `no_answer` after 10 s
   */
  async query(query: Query = {}, options: WaitOptions = {}): Promise<Provider[]> {
    if (typeof query !== 'object' || query === null) throw wrongArgument('The query', 'an object', query);
    if (this.#queries >= EXCHANGES_IN_FLIGHT_MAX)
      throw noRoom(`${this.#queries} queries wait for their answers. This one was not sent.`);
    this.#queries += 1;
    try {
      const session = await this.#liveSession(RESOLUTION_DEADLINE_MS, options);
      return await session.query(query);
    } finally {
      this.#queries -= 1;
    }
  }

  /**
   * Watches the devices that this machine may query: a snapshot, then changes in order. It goes on over reconnects, each of
   * which begins with a snapshot. It begins with the first read, and ends when its loop is left, `signal` fires or the client
   * is closed.
   * @throws QconnError from the loop: `bad_address`, `quota`, or a permanent refusal such as `revoked`
   */
  watch(
    filter: ProviderFilter = {},
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<PresenceEvent> {
    return watchPresence(this.#uplink, filter, signal);
  }

  /** Has the hub issue a new certificate over the live connection. @param csr PKCS#10 in DER @throws QconnError */
  async renew(csr: Uint8Array): Promise<Renewed> {
    const session = await this.#liveSession(RESOLUTION_DEADLINE_MS, {});
    return session.renew(csr);
  }

  /**
   * Renews the credential now, whether or not it is due.
   * @returns when the new one expires, in milliseconds since 1970
   * @throws QconnError what the hub refuses it with; `invalid_state` for a client that keeps no credential
   */
  renewNow(): Promise<number> {
    if (this.#renewNow === undefined) throw new QconnError('invalid_state', 'This client keeps no credential.');
    return this.#renewNow();
  }

  /** Tells the hub what the machine has on disk; without a connection the next hello does. */
  tellHeld(held: TrustHeld): void {
    this.#uplink.session?.tellHeld(held);
  }

  /** Adds an event of the credential's life to {@link Client.events}. */
  announce(event: Extract<ClientEvent, { kind: 'renewed' | 'renewalFailed' }>): void {
    this.#uplink.events.emit(event);
  }

  /**
   * Ends the client: what is in flight may finish, then the connection is closed.
   * @param drainMs longest wait for work in flight, in milliseconds. Default 2,000
   */
  close(drainMs: number = DRAIN_MS): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    const end = this.#clock.monotonic() + drainMs;
    while (this.#busy && this.#clock.monotonic() < end) {
      await new Promise<void>((resolve) => void this.#clock.setTimer(DRAIN_LOOK_MS, resolve));
    }
    await this.#uplink.close();
    this.#jobs.close();
    await this.#release();
  }

  /** Work is in flight, and there is a connection over which it may end. */
  get #busy(): boolean {
    const { inFlight } = this.#uplink;
    return inFlight !== undefined && inFlight + this.#jobs.size > 0;
  }

  async #withdraw(provision: Provision): Promise<void> {
    if (!this.#jobs.remove(provision)) return;
    const { session } = this.#uplink;
    try {
      await session?.withdraw(provision.device);
    } catch (error) {
      // With its session the device is gone too.
      if (this.#uplink.session === session) throw error;
    }
  }

  async #liveSession(withinMs: number, { signal, whenOffline }: WaitOptions): Promise<Session> {
    this.#uplink.expectAnswer();
    if (this.#uplink.session !== undefined) return this.#uplink.session;
    if (whenOffline === 'fail') throw this.#uplink.notConnected();
    const deadline = new AbortController();
    const timer = this.#clock.setTimer(withinMs, () => deadline.abort());
    try {
      await this.#uplink.connected({ signal: AbortSignal.any(signal ? [deadline.signal, signal] : [deadline.signal]) });
    } catch (error) {
      if (signal?.aborted === true)
        throw new QconnError('cancelled', 'The request was cancelled before it was sent.', { cause: signal.reason });
      throw error;
    } finally {
      timer.cancel();
    }
    return this.#uplink.session ?? Promise.reject(this.#uplink.notConnected());
  }
}

async function rejection(error: unknown): Promise<never> {
  throw error;
}
