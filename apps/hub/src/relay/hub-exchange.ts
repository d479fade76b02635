import type { HubState, Request } from '@qconn/protocol';
import type { Exchange } from '@qconn/routing';
import type { Peer } from './peer.ts';

/** What the hub keeps of an exchange beyond its place in the routing tables. Times are milliseconds. */
export interface ExchangeRecord {
  state: HubState;
  /** Wall-clock and monotonic time of `accepted`: later stages count from both. */
  readonly acceptedAt: number;
  readonly acceptedMonotonic: number;
  /** Monotonic time of `acknowledged`. */
  acknowledgedMonotonic: number | undefined;
  readonly serviceType: string;
  readonly jobMs: number;
  /** Kept until the acknowledgement, in case it has to be forwarded again. */
  request: Request | undefined;
  /** How often it has been sent to a target: from the first time on it may have run. */
  deliveries: number;
  /** Monotonic time past which no extension goes. */
  extendNoLaterThan: number;
  /** The device that it was forwarded to, while its state is `waiting`. */
  waitingFor: { readonly fingerprint: string; readonly device: string } | undefined;
}

/** An exchange at this hub. */
export type HubExchange = Exchange<Peer, ExchangeRecord>;
