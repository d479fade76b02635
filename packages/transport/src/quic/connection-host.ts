import type { Clock } from '@qconn/clock';
import type { QconnError } from '@qconn/protocol';
import type { CloseInfo } from '../connection.ts';
import type { Alarm } from './alarm.ts';
import type { ConnectionLimits } from './options.ts';
import type { QuicConnection } from './quic-connection.ts';
import type { ReceiveSlab } from './receive-slab.ts';
import type { SendRing } from './send-ring.ts';
import type { ChunkPool } from './staging.ts';

/** What the connections of an endpoint share, and whom they tell what becomes of them. */
export interface ConnectionHost {
  readonly clock: Clock;
  readonly limits: ConnectionLimits;
  readonly slab: ReceiveSlab;
  readonly pool: ChunkPool;
  readonly sendRing: SendRing;
  readonly alarm: Alarm;
  /** Has the connection advanced and flushed at the end of this turn. */
  wake(connection: QuicConnection): void;
  /** Has it flushed once its socket takes datagrams again. */
  whenDrained(connection: QuicConnection): void;
  /** The handshake has finished. */
  established(connection: QuicConnection): void;
  /** A reader of one of its streams threw; the connection is about to close. */
  readerFailed(connection: QuicConnection, error: QconnError): void;
  /** It has ended for everybody above; the engine may still answer stray packets. */
  finished(connection: QuicConnection, info: CloseInfo): void;
  /** The engine is done with it as well. */
  gone(connection: QuicConnection): void;
}
