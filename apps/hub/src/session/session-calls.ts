import type { Policy } from '@qconn/authz';
import {
  decodeProvide,
  decodeQuery,
  decodeRenew,
  decodeUnwatch,
  decodeWatch,
  decodeWithdraw,
  encodeProvided,
  encodeQueryResult,
  encodeRenewed,
  encodeWithdrawn,
  FrameType,
  inFrames,
  PackedWriter,
  QconnError,
  type Frame,
  type Query,
  type Renewed,
} from '@qconn/protocol';
import type { Clock } from '@qconn/clock';
import { Quotas, type Rate, type Session, type SessionTable } from '@qconn/routing';
import type { Peer } from '../relay/peer.ts';
import type { Relay } from '../relay/relay.ts';
import type { AuthContext } from './auth-context.ts';
import { findProviders } from './find-providers.ts';
import type { Watches } from './watches.ts';

/** What the calls work with. */
export interface CallDependencies {
  readonly clock: Clock;
  readonly sessions: SessionTable<Peer>;
  readonly relay: Relay;
  readonly watches: Watches;
  readonly policy: () => Policy;
  /** Issues a new certificate to a machine. @throws QconnError `renewal_refused`, `csr_…` */
  readonly renew: (auth: AuthContext, csr: Uint8Array) => Promise<Renewed>;
}

/** Searches of one machine among those that are offline. */
const SEARCHES: Rate = { perSecond: 1, burst: 8 };

/** Renewals of one machine: every half minute on average, and a few at once for one that tries again. */
const RENEWALS: Rate = { perSecond: 1 / 30, burst: 8 };

/** Answers the calls of a machine: provide, withdraw, query, watch, renew. */
export class SessionCalls {
  readonly #dependencies: CallDependencies;
  readonly #writer = new PackedWriter();
  readonly #renewals = new Quotas({ messages: RENEWALS, bytes: RENEWALS });
  readonly #searches = new Quotas({ messages: SEARCHES, bytes: SEARCHES });

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
      case FrameType.Watch:
        this.#dependencies.watches.begin(session, frame.id, decodeWatch(frame));
        return;
      case FrameType.Unwatch:
        decodeUnwatch(frame);
        this.#dependencies.watches.end(session, frame.id);
        return;
      default:
        this.#admitRenewal(auth);
        yield encodeRenewed(this.#writer, frame.id, await this.#dependencies.renew(auth, decodeRenew(frame).csr));
    }
  }

  /** Forgets machines that have been quiet long enough to be owed nothing. Call it every minute or so. */
  sweep(): void {
    const now = this.#dependencies.clock.monotonic();
    this.#renewals.sweep(now);
    this.#searches.sweep(now);
  }

  /** Machines whose calls are being rationed. */
  get rationed(): number {
    return this.#renewals.size + this.#searches.size;
  }

  /** A renewal costs a signature and rows that are kept. Honest machines need one in days, or each minute at the shortest validity. */
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

  async *#query(session: Session<Peer>, id: number, query: Query): AsyncGenerator<Uint8Array> {
    const { sessions, policy } = this.#dependencies;
    if (query.state !== undefined && query.state !== 'online') this.#admitSearch(session);
    const found = await findProviders(sessions, policy(), session.fingerprint, query);
    let left = found.length;
    for (const providers of inFrames(found)) {
      left -= providers.length;
      yield encodeQueryResult(this.#writer, id, { providers, last: left === 0 });
    }
  }

  /** A search for machines that are not connected looks at every machine there is. */
  #admitSearch({ fingerprint }: Session<Peer>): void {
    const retryAfterMs = this.#searches.admit(fingerprint, 0, this.#dependencies.clock.monotonic());
    if (retryAfterMs > 0)
      throw new QconnError('quota', 'The machine asks too often for machines that are offline.', { retryAfterMs });
  }
}
