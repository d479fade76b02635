import type { ErrorCode, ResolvedTarget } from '@qconn/protocol';
import type { ExchangeTable, Session } from '@qconn/routing';
import type { BodyRelay } from './bodies/body-relay.ts';
import type { ExchangeRunner } from './exchange-runner.ts';
import type { ExchangeRecord, HubExchange } from './hub-exchange.ts';
import type { Peer } from './peer.ts';

/** What departures touch. */
export interface DepartureDependencies {
  readonly exchanges: ExchangeTable<Peer, ExchangeRecord>;
  readonly runner: ExchangeRunner;
  readonly bodies: BodyRelay;
}

/** What becomes of exchanges whose sender or target is gone, for a while or for good. */
export class Departures {
  readonly #exchanges: ExchangeTable<Peer, ExchangeRecord>;
  readonly #runner: ExchangeRunner;
  readonly #bodies: BodyRelay;

  constructor({ exchanges, runner, bodies }: DepartureDependencies) {
    this.#exchanges = exchanges;
    this.#runner = runner;
    this.#bodies = bodies;
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
    if (revoked) this.#neverBack(session.fingerprint);
  }

  /**
   * A sender gives up on an exchange, and so on the job: also on what it has asked for under the same key before its
   * connection was lost, which runs on for nobody else.
   */
  cancelled(exchange: HubExchange, cancelCode: ErrorCode): void {
    const { senderFingerprint, value } = exchange;
    const { idempotencyKey, target } = value;
    this.#runner.step(exchange, 'cancel', { cancelCode });
    if (idempotencyKey === undefined || target === undefined) return;
    for (const earlier of this.#runner.on(`left ${senderFingerprint}`)) {
      const same = earlier.value.idempotencyKey === idempotencyKey && sameDevice(earlier.value.target, target);
      if (same) this.#runner.step(earlier, 'cancel', { cancelCode });
    }
  }

  /**
   * Ends what machines that are not connected have left behind, once they are revoked: jobs that run on for a
   * sender that is gone, and requests that wait for a target to come back. Connected ones end by {@link Departures.lost}.
   * @param touched machines that have changed
   */
  sweepRevoked(touched: readonly string[] | 'all', isRevoked: (fingerprint: string) => boolean): void {
    for (const fingerprint of touched === 'all' ? this.#runner.absentees() : touched) {
      if (!isRevoked(fingerprint)) continue;
      for (const exchange of this.#runner.on(`left ${fingerprint}`))
        this.#runner.step(exchange, 'senderRevoked', { cancelCode: 'revoked' });
      this.#neverBack(fingerprint);
    }
  }

  #neverBack(fingerprint: string): void {
    for (const exchange of this.#runner.on(`back ${fingerprint}`)) this.#runner.step(exchange, 'targetRevoked');
  }
}

function sameDevice(one: ResolvedTarget | undefined, other: ResolvedTarget): boolean {
  return one?.fingerprint === other.fingerprint && one.device === other.device;
}
