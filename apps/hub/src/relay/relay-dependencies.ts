import type { Policy } from '@qconn/authz';
import type { Clock } from '@qconn/clock';
import type { ErrorCode } from '@qconn/protocol';
import type { SessionTable } from '@qconn/routing';
import type { TraceParent } from './exchange-spans.ts';
import type { HubFrameMemory } from './frame-memory.ts';
import type { HubExchange } from './hub-exchange.ts';
import type { Peer } from './peer.ts';

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
  /** The trace that packed headers name; left out where nobody asks for it. */
  readonly traceParentOf?: ((headers: Uint8Array) => TraceParent | undefined) | undefined;
  /** Told of every request that is turned away before it becomes an exchange. */
  readonly onRefused: (code: ErrorCode) => void;
  /** Told of every body that is written to its receiver. */
  readonly onRelayed: (kind: 'request' | 'response', bytes: number) => void;
}
