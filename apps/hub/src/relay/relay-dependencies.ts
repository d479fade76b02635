import type { Policy } from '@qconn/authz';
import type { Clock } from '@qconn/clock';
import type { ErrorCode } from '@qconn/protocol';
import type { SessionTable } from '@qconn/routing';
import type { TraceParent } from './exchange-spans.ts';
import type { HubFrameMemory } from './frame-memory.ts';
import type { ExchangeRecord, HubExchange } from './hub-exchange.ts';
import type { Peer } from './peer.ts';

/** Bytes of the bodies of one exchange. */
export type BodyBytes = Pick<ExchangeRecord, 'requestBytes' | 'responseBytes'>;

/** What the relay works with. */
export interface RelayDependencies {
  readonly clock: Clock;
  /** For what outlives the frame that it came in. */
  readonly memory: HubFrameMemory;
  /** A fresh random number in [0, 1). */
  readonly random: () => number;
  readonly sessions: SessionTable<Peer>;
  /** The policy in force now. */
  readonly policy: () => Policy;
  /** The fingerprint of an enrolled machine by its fingerprint or hostname, connected or not. */
  readonly knownMachine: (machine: string) => string | undefined;
  /** Told of every exchange that ends, for metrics and the log; `sender_lost` when nobody was left to tell. */
  readonly onEnded: (exchange: HubExchange, outcome: ErrorCode | 'completed') => void;
  /** Told when the streamed bodies of an exchange that has ended come to their end, with the bytes that have passed. */
  readonly onBodiesOver: (exchangeId: number, bytes: BodyBytes) => void;
  /** The trace that packed headers name; left out where nobody asks for it. */
  readonly traceParentOf?: ((headers: Uint8Array) => TraceParent | undefined) | undefined;
  /** Told of every request that is turned away before it becomes an exchange. */
  readonly onRefused: (code: ErrorCode) => void;
  /** Told of every body that is written to its receiver. */
  readonly onRelayed: (kind: 'request' | 'response', bytes: number) => void;
}
