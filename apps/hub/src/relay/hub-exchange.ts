import type { HubState, Outcome, ResolvedTarget } from '@qconn/protocol';
import type { Exchange } from '@qconn/routing';
import type { TraceParent } from './exchange-spans.ts';
import type { HeldRequest } from './frame-memory.ts';
import type { Peer } from './peer.ts';
import type { Shelf } from './shelves.ts';

/** What the hub keeps of an exchange beyond its place in the routing tables. Times are milliseconds. */
export interface ExchangeRecord {
  state: HubState;
  /** Wall-clock and monotonic time of `accepted`: later stages count from both. */
  readonly acceptedAt: number;
  readonly acceptedMonotonic: number;
  /** Monotonic time of `resolved` and `forwarded`, which happen in one turn of the hub. */
  forwardedMonotonic: number | undefined;
  /** Monotonic time of `acknowledged`. */
  acknowledgedMonotonic: number | undefined;
  readonly serviceType: string;
  /** It asks what became of a job, and for none. */
  readonly inquiry: boolean;
  /** Of the job that it asks for. */
  readonly idempotencyKey: string | undefined;
  /** Stages before the last one, as {@link SenderReports} counts them: those that have passed, and those that its sender knows of. */
  stagesPassed: number;
  stagesTold: number;
  readonly jobMs: number;
  /** Bytes of bodies; of a streamed one those that have passed, also once the exchange itself is over. */
  requestBytes: number;
  responseBytes: number;
  /** The trace that the sender's headers name, where somebody wants to know. */
  readonly traceParent: TraceParent | undefined;
  /** Kept from its acceptance until the acknowledgement, in case it has to be forwarded again. */
  held: HeldRequest | undefined;
  /** What was chosen as its target, from `resolved` on. */
  target: ResolvedTarget | undefined;
  /** Why there was no target when resolution was last tried, while the sender waits for one. */
  unresolved: Outcome | undefined;
  /** How often it has been sent to a target: from the first time on it may have run. */
  deliveries: number;
  /** Monotonic time past which no extension goes. */
  extendNoLaterThan: number;
  /** The device that it was forwarded to, and the run of that machine's program, while its state is `waiting`. */
  waitingFor: { readonly device: string; readonly instance: string } | undefined;
  /** Where it waits for something to happen elsewhere. Only {@link Shelves} changes it. */
  shelf: Shelf | undefined;
}

/** An exchange at this hub. */
export type HubExchange = Exchange<Peer, ExchangeRecord>;
