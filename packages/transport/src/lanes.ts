import {
  FrameReader,
  LANES_PER_CONNECTION_MAX,
  laneOf,
  QconnError,
  StreamType,
  type BodyOpening,
  type Frame,
  type FrameMemory,
} from '@qconn/protocol';
import { acceptBodyStream } from './body-stream.ts';
import type { Connection } from './connection.ts';
import { freshMemory } from './fresh-memory.ts';
import type { Stream } from './stream.ts';

/** What the user of the lanes is told. */
export interface LanesHandlers {
  /**
   * A frame came. Its arrays are views that stay valid, or, with {@link LanesHandlers.memory}, until this returns. A QconnError
   * thrown here closes the connection with its code: the peer broke the protocol.
   */
  frame(frame: Frame): void;
  /** Memory for frames that come in pieces. With it all frames are lent. */
  readonly memory?: FrameMemory;
  /** The peer has opened a lane; the server's end only. */
  opened?(): void;
  /** The peer asks for a body, to be written to this stream. Without it such a stream breaks the protocol. */
  body?(opening: BodyOpening, stream: Stream): void;
  /** The connection is being closed because of this: what the peer sent, or what a handler threw. */
  failed(error: QconnError): void;
}

/**
 * The lanes of a connection: a few bidirectional streams, opened by the client, on which frames
 * travel both ways. All frames of one exchange or call use one lane, so they stay in order.
 */
export class Lanes {
  readonly #connection: Connection;
  readonly #handlers: LanesHandlers;
  readonly #streams: (Stream | undefined)[] = [];
  #open = 0;
  /** Lanes among which ids are spread; fixed by {@link Lanes.seal}, or an id would change its lane. */
  #sealedAt = 0;
  #failed = false;

  private constructor(connection: Connection, handlers: LanesHandlers) {
    this.#connection = connection;
    this.#handlers = handlers;
  }

  /** The client's end: opens `count` lanes, 1 … 16. */
  static open(connection: Connection, count: number, handlers: LanesHandlers): Lanes {
    const lanes = new Lanes(connection, handlers);
    for (let index = 0; index < count; index++) {
      const stream = connection.openStream();
      stream.write(Uint8Array.of(StreamType.Lane));
      lanes.#add(index, stream);
    }
    lanes.#sealedAt = count;
    connection.onStream((stream) => lanes.#acceptBody(stream));
    return lanes;
  }

  /** The server's end: takes the streams that the client opens. */
  static accept(connection: Connection, handlers: LanesHandlers): Lanes {
    const lanes = new Lanes(connection, handlers);
    connection.onStream((stream) => lanes.#accept(stream));
    return lanes;
  }

  /** Lanes that are open now. */
  get count(): number {
    return this.#open;
  }

  /**
   * Fixes the number of lanes, once the client has said how many it opens and all have come. Before that
   * nothing can be sent; a lane that is opened later breaks the protocol.
   */
  seal(): void {
    this.#sealedAt = this.#open;
  }

  /** Bytes that wait in all lanes because the peer or the network takes no more now. */
  get bufferedBytes(): number {
    let bytes = 0;
    for (const stream of this.#streams) bytes += stream?.bufferedBytes ?? 0;
    return bytes;
  }

  /**
   * Sends a frame on the lane of its id. A frame for a connection that has ended is dropped: whoever
   * waits for an answer learns from the connection's end.
   * @param id of the exchange or call; 0 for the session itself
   */
  send(id: number, frame: Uint8Array): void {
    const stream = this.#sealedAt === 0 ? undefined : this.#streams[laneOf(id, this.#sealedAt)];
    if (stream === undefined || this.#failed) return;
    try {
      stream.write(frame);
    } catch (error) {
      if (!(error instanceof QconnError)) throw error;
    }
  }

  /** Resolves when every lane takes more; rejects when the connection ends first. */
  async writable(): Promise<void> {
    await Promise.all(this.#streams.flatMap((stream) => stream?.writable() ?? []));
  }

  /** Stops reading: flow control then holds the peer back. */
  pause(): void {
    for (const stream of this.#streams) stream?.pause();
  }

  resume(): void {
    for (const stream of this.#streams) stream?.resume();
  }

  #accept(stream: Stream): void {
    // Client-initiated bidirectional streams are numbered 0, 4, 8, … (RFC 9000, section 2.1).
    const index = stream.id >> 2;
    const reader = this.#newReader();
    let typed = false;
    stream.read({
      borrows: this.#lends,
      data: (chunk) => {
        if (typed) return this.#push(reader, chunk);
        typed = true;
        if (chunk[0] === StreamType.Body && this.#sealedAt > 0) return this.#takeBody(stream, chunk);
        if (chunk[0] !== StreamType.Lane || index >= LANES_PER_CONNECTION_MAX || this.#sealedAt > 0) {
          return this.#refuse(stream, `Stream ${stream.id} of type ${chunk[0]} is not expected.`);
        }
        this.#streams[index] = stream;
        this.#open++;
        this.#guard(() => this.#handlers.opened?.());
        this.#push(reader, chunk.subarray(1));
      },
      end: (end) => this.#ended(end.kind),
    });
  }

  /** The client's end: what a server opens is for a body. */
  #acceptBody(stream: Stream): void {
    stream.read({
      data: (chunk) => {
        if (chunk[0] === StreamType.Body) this.#takeBody(stream, chunk);
        else this.#refuse(stream, `The server opened a stream of type ${chunk[0]}.`);
      },
      end: () => stream.end(),
    });
  }

  #takeBody(stream: Stream, chunk: Uint8Array): void {
    const refuse = (error: QconnError): void => this.#refuse(stream, error.message);
    const take = (opening: BodyOpening, opened: Stream): void =>
      this.#guard(() => {
        if (this.#handlers.body === undefined) this.#refuse(opened, 'Nobody here has bodies to send.');
        else this.#handlers.body(opening, opened);
      });
    acceptBodyStream(stream, chunk, take, refuse);
  }

  #add(index: number, stream: Stream): void {
    this.#streams[index] = stream;
    this.#open++;
    const reader = this.#newReader();
    stream.read({
      borrows: this.#lends,
      data: (chunk) => this.#push(reader, chunk),
      end: (end) => this.#ended(end.kind),
    });
  }

  get #lends(): boolean {
    return this.#handlers.memory !== undefined;
  }

  #newReader(): FrameReader {
    return new FrameReader((frame) => this.#take(frame), this.#handlers.memory, freshMemory);
  }

  #push(reader: FrameReader, chunk: Uint8Array): void {
    this.#guard(() => reader.push(chunk));
  }

  /** What a peer's bytes make a handler throw ends the connection. */
  #guard(call: () => void): void {
    if (this.#failed) return;
    try {
      call();
    } catch (error) {
      this.#fail(error);
    }
  }

  #take(frame: Frame): void {
    if (!this.#failed) this.#handlers.frame(frame);
  }

  #refuse(stream: Stream, why: string): void {
    const error = new QconnError('bad_stream', why);
    stream.reset(error.wire);
    stream.stopSending(error.wire);
    this.#fail(error);
  }

  #ended(kind: 'finished' | 'reset' | 'closed'): void {
    if (kind !== 'closed')
      this.#fail(new QconnError('bad_stream', 'The peer ended a lane, which lives as long as its connection.'));
  }

  #fail(cause: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const error = cause instanceof QconnError ? cause : new QconnError('internal', undefined, { cause });
    this.#connection.close(error.wire, error.message);
    this.#handlers.failed(error);
  }
}
