/** How a stream's receiving side ended. */
export type StreamEnd =
  | { readonly kind: 'finished' }
  | { readonly kind: 'reset'; readonly code: number }
  | { readonly kind: 'closed' };

/** What the reader of a stream is told. Plain callbacks: they run on the hot path. */
export interface StreamReader {
  /**
   * Bytes arrived, in order. The chunk belongs to the receiver: no transport writes to it again.
   * It may share its memory with other chunks, so keep no small slice of it for long.
   */
  data(chunk: Uint8Array): void;
  /**
   * Whether the reader is done with each chunk when `data` returns. Its memory is then used again, so that a stream of many
   * megabytes leaves no garbage. Default false.
   */
  readonly borrows?: boolean;
  /** Nothing more will arrive. Called exactly once. */
  end(end: StreamEnd): void;
}

/**
 * A bidirectional stream (RFC 9000, section 2). Writing and reading end independently.
 */
export interface Stream {
  /** The QUIC stream id: unique in its connection. */
  readonly id: number;
  /** Takes the bytes that arrive, from the first on. Until it is called the peer is held back by flow control. */
  read(reader: StreamReader): void;
  /** Stops taking bytes: what has arrived stays, and flow control holds the peer back. */
  pause(): void;
  resume(): void;
  /**
   * Queues bytes for sending. They are copied or sent before this returns, so the caller may then use its buffer again.
   * @returns false when the send buffer is over its mark: wait for {@link Stream.writable} before writing more
   * @throws QconnError `closed` or `stream_reset` when the sending side has ended
   */
  write(chunk: Uint8Array): boolean;
  /** Bytes that wait here because the peer or the network takes no more now. */
  readonly bufferedBytes: number;
  /** Resolves when the send buffer is under its mark again; rejects when the sending side ends first. */
  writable(): Promise<void>;
  /** Ends the sending side after what has been written. */
  end(): void;
  /**
   * Ends the sending side once the receiving side has ended, in whichever way. For whoever waits for the peer's end: a peer
   * whose other direction is still open repeats its end or reset until it has arrived (docs/adr/0004-native-quiche.md).
   */
  endWithPeer(): void;
  /** Abandons the sending side (RESET_STREAM). @param code a wire number of the error table */
  reset(code: number): void;
  /** Asks the peer to stop sending (STOP_SENDING). @param code a wire number of the error table */
  stopSending(code: number): void;
  /** Sending order among streams: 0 first … 7 last (RFC 9218, section 4.1). */
  setPriority(urgency: number): void;
}
