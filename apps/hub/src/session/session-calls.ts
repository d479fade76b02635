import type { Policy } from '@qconn/authz';
import {
  CONTROL_MAX_BYTES,
  decodeProvide,
  decodeQuery,
  decodeRenew,
  decodeWithdraw,
  encodeProvided,
  encodeQueryResult,
  encodeRenewed,
  encodeWithdrawn,
  FrameType,
  PackedWriter,
  QconnError,
  type Frame,
  type Provider,
  type Query,
  type Renewed,
} from '@qconn/protocol';
import type { Clock } from '@qconn/clock';
import { Quotas, type LiveDevice, type Rate, type Session, type SessionTable } from '@qconn/routing';
import type { Peer } from '../relay/peer.ts';
import type { Relay } from '../relay/relay.ts';
import type { AuthContext } from './auth-context.ts';

/** What the calls work with. */
export interface CallDependencies {
  readonly clock: Clock;
  readonly sessions: SessionTable<Peer>;
  readonly relay: Relay;
  readonly policy: () => Policy;
  /** Issues a new certificate to a machine. @throws QconnError `renewal_refused`, `csr_…` */
  readonly renew: (auth: AuthContext, csr: Uint8Array) => Promise<Renewed>;
}

/** Bytes of providers in one QueryResult frame, roughly counted: leaves a third of the control section for the encoding. */
const PAGE_BYTES: number = Math.floor((CONTROL_MAX_BYTES * 2) / 3);

/** Providers in one QueryResult frame, however small they are. */
const PAGE_PROVIDERS_MAX = 64;

/** Renewals of one machine: every half minute on average, and a few at once for one that tries again. */
const RENEWALS: Rate = { perSecond: 1 / 30, burst: 8 };

/** Answers the calls of a machine: provide, withdraw, query, renew. */
export class SessionCalls {
  readonly #dependencies: CallDependencies;
  readonly #writer = new PackedWriter();
  readonly #renewals = new Quotas({ messages: RENEWALS, bytes: RENEWALS });

  constructor(dependencies: CallDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * The frames that answer a call.
   * @throws QconnError what the call is refused with; `bad_frame` for a peer that breaks the protocol
   */
  async *answer(auth: AuthContext, session: Session<Peer>, frame: Frame): AsyncGenerator<Uint8Array> {
    switch (frame.type) {
      case FrameType.Provide:
        yield this.#provide(session, frame);
        return;
      case FrameType.Withdraw:
        this.#dependencies.sessions.withdraw(session, decodeWithdraw(frame).device);
        yield encodeWithdrawn(this.#writer, frame.id);
        return;
      case FrameType.Query:
        yield* this.#query(session, frame.id, decodeQuery(frame));
        return;
      default:
        this.#admitRenewal(auth);
        yield encodeRenewed(this.#writer, frame.id, await this.#dependencies.renew(auth, decodeRenew(frame).csr));
    }
  }

  /** A renewal is a signature and rows that are kept: honest machines need one in days, or in a minute at the shortest validity. */
  #admitRenewal({ fingerprint }: AuthContext): void {
    const retryAfterMs = this.#renewals.admit(fingerprint, 0, this.#dependencies.clock.monotonic());
    if (retryAfterMs > 0)
      throw new QconnError('quota', 'The machine renews its credential too often.', { retryAfterMs });
  }

  /**
   * A device is registered whatever the policy says of it now: rights are decided for each message, so
   * one that is granted later needs no new registration, and one that is withdrawn takes effect at once.
   */
  #provide(session: Session<Peer>, frame: Frame): Uint8Array {
    const { sessions, relay, policy } = this.#dependencies;
    const { device, serviceTypes } = decodeProvide(frame);
    const live = sessions.provide(session, device, serviceTypes);
    relay.provided(live);
    const permitted = serviceTypes.every(
      (serviceType) => policy().decide(session.fingerprint, 'provide', serviceType).allowed,
    );
    return encodeProvided(this.#writer, frame.id, permitted);
  }

  *#query(session: Session<Peer>, id: number, query: Query): Generator<Uint8Array> {
    let page: Provider[] = [];
    let bytes = 0;
    for (const provider of this.#visible(session, query)) {
      const size = sizeOf(provider);
      if (page.length === PAGE_PROVIDERS_MAX || bytes + size > PAGE_BYTES) {
        yield encodeQueryResult(this.#writer, id, { providers: page, last: false });
        page = [];
        bytes = 0;
      }
      page.push(provider);
      bytes += size;
    }
    yield encodeQueryResult(this.#writer, id, { providers: page, last: true });
  }

  /** Devices of service types that the caller may query, on machines that may provide them to it. */
  *#visible(caller: Session<Peer>, query: Query): Generator<Provider> {
    const { sessions } = this.#dependencies;
    const only = query.machine === undefined ? undefined : sessions.ofMachine(query.machine);
    const among = query.machine === undefined ? sessions : only === undefined ? [] : [only];
    for (const session of among) {
      if (!sessions.isCurrent(session)) continue;
      for (const device of session.devices.values()) {
        const serviceTypes = this.#visibleTypes(caller, device, query.serviceType);
        if (serviceTypes.length > 0)
          yield {
            fingerprint: session.fingerprint,
            hostname: session.hostname ?? '',
            device: device.name,
            serviceTypes,
          };
      }
    }
  }

  #visibleTypes(caller: Session<Peer>, device: LiveDevice<Peer>, wanted: string | undefined): string[] {
    const policy = this.#dependencies.policy();
    const provider = device.session.fingerprint;
    return [...device.serviceTypes].filter(
      (type) =>
        (wanted === undefined || wanted === type) &&
        policy.decide(caller.fingerprint, 'query', type, provider).allowed &&
        policy.decide(provider, 'provide', type, caller.fingerprint).allowed,
    );
  }
}

/** Bytes of a provider in a frame, roughly: names are ASCII, and each takes two bytes and more of framing. */
function sizeOf({ fingerprint, hostname, device, serviceTypes }: Provider): number {
  const names = [fingerprint, hostname, device, ...serviceTypes];
  return 64 + names.reduce((sum, name) => sum + name.length + 3, 0);
}
