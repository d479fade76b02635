import type { BodyOpening, QconnError } from '@qconn/protocol';
import type { Stream } from '@qconn/transport';

/** The way to one connected machine: what the relay keeps with a routing session. */
export interface Peer {
  /** Sends a frame, which is copied, on the lane of its id; dropped when the connection has ended. */
  send(id: number, frame: Uint8Array): void;
  /** Asks the machine for a body, to be read from the stream. @throws QconnError `stream_limit`, `closed` */
  openBody(opening: BodyOpening): Stream;
  /** Has nothing more read from the machine, until it is called with `false`: flow control then holds it back. */
  holdBack(held: boolean): void;
  /** Ends its session. */
  close(error: QconnError): void;
  /** Bytes that wait because the machine or its network takes no more now. */
  readonly bufferedBytes: number;
  /** Which run of the machine's program it is. */
  readonly instance: string;
  /** The program remembers jobs under an idempotency key over its restarts. */
  readonly remembersJobs: boolean;
  /** Resolves when it takes more; rejects when the connection ends first. */
  writable(): Promise<void>;
}
