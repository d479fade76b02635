/** The way to one connected machine: what the relay keeps with a routing session. */
export interface Peer {
  /** Sends a frame on the lane of its id; dropped when the connection has ended. */
  send(id: number, frame: Uint8Array): void;
  /** Bytes that wait because the machine or its network takes no more now. */
  readonly bufferedBytes: number;
  /** Which run of the machine's program it is. */
  readonly instance: string;
  /** The program remembers jobs under an idempotency key over its restarts. */
  readonly remembersJobs: boolean;
}
