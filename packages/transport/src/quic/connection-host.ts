import type { Clock } from '@qconn/clock';
import type { QconnError } from '@qconn/protocol';
import type { CloseInfo } from '../connection.ts';
import type { Alarm } from './alarm.ts';
import type { DebugFolder } from './debug-folder.ts';
import type { Occasion } from './gathering.ts';
import type { ConnectionLimits } from './options.ts';
import type { QuicConnection } from './quic-connection.ts';
import type { ReceiveSlab } from './receive-slab.ts';
import type { SendRings } from './send-ring.ts';
import type { ChunkPool } from './staging.ts';
import type { UdpSocket } from './udp-socket.ts';

/** What the connections of an endpoint share, and whom they tell what becomes of them. */
export interface ConnectionHost extends Occasion {
  readonly clock: Clock;
  readonly limits: ConnectionLimits;
  /** Whether connections that bring early data are served before the handshake has finished. */
  readonly takesEarlyData: boolean;
  /** Where secrets and traces of connections go, if somebody has asked for that. */
  readonly debug: DebugFolder | undefined;
  readonly slab: ReceiveSlab;
  readonly pool: ChunkPool;
  readonly rings: SendRings;
  readonly alarm: Alarm;
  /** Has the connection advanced and flushed at the end of this turn. */
  wake(connection: QuicConnection): void;
  /** The same for one that nobody waits for: in this turn or one of the next. */
  wakePatiently(connection: QuicConnection): void;
  /** Has it flushed once its socket takes datagrams again. */
  whenDrained(connection: QuicConnection): void;
  /** A further id under which the peer may send to the connection. @returns the id and its reset token (RFC 9000, section 10.3) */
  newId(connection: QuicConnection): { readonly id: Uint8Array; readonly resetToken: bigint };
  /** The peer will not use an id again. */
  retireId(connection: QuicConnection, id: Uint8Array): void;
  /** Bytes of UDP payload that the interface towards an IP address carries now. */
  payloadTowards(host: string): number;
  /** A socket connected to where the connection's peer is, on which its datagrams are received. */
  openPath(connection: QuicConnection): Promise<UdpSocket>;
  /** A server's connection has brought early data: it may be served before its handshake has finished. */
  early(connection: QuicConnection): void;
  /** The handshake has finished. */
  established(connection: QuicConnection): void;
  /** A reader of one of its streams threw; the connection is about to close. */
  readerFailed(connection: QuicConnection, error: QconnError): void;
  /** It has ended for everybody above; the engine may still answer stray packets. */
  finished(connection: QuicConnection, info: CloseInfo): void;
  /** The engine is done with it as well. */
  gone(connection: QuicConnection): void;
}
