import type { Deadline } from '@qconn/clock';
import type { BodyKind } from '@qconn/protocol';
import type { Session } from '@qconn/routing';
import type { ExchangeRecord } from '../hub-exchange.ts';
import type { Peer } from '../peer.ts';
import type { BodyTransfer } from './body-transfer.ts';

/**
 * What has become of one body of an exchange.
 * - `absent`: it travelled in its frame, or there is none yet
 * - `announced`: it may be asked for
 * - a transfer: it is on its way
 * - `over`: it has come or was cut
 */
export type Leg = 'absent' | 'announced' | BodyTransfer | 'over';

/** An exchange of which at least one body is streamed. It outlives the exchange for as long as bodies move. */
export interface Conversation {
  /** The hub's number of the exchange, which its provider knows it by. */
  readonly id: number;
  readonly sender: Session<Peer>;
  /** The sender's number of the exchange. */
  readonly requestId: number;
  /** Whoever the request was delivered to last. */
  target: Session<Peer> | undefined;
  /** What the hub keeps of the exchange. */
  readonly record: ExchangeRecord;
  /** How long nothing may move, in milliseconds: the job deadline that the sender asked for. */
  readonly jobMs: number;
  readonly legs: Record<BodyKind, Leg>;
  /** Monotonic milliseconds at which a piece of a body last put the deadline off. */
  movedAt: number;
  /** Set once the exchange itself is over. */
  deadline: Deadline<Conversation> | undefined;
}
