import type { Clock } from '@qconn/clock';
import { QconnError } from '@qconn/protocol';
import type { Stream } from '../stream.ts';
import { BodyPace } from './body-pace.ts';
import { Gathering, type Occasion } from './gathering.ts';
import type { NativeConnection } from './native.ts';
import { isStreamLimit } from './native-failure.ts';
import { QuicStream, type StreamHost } from './quic-stream.ts';
import type { ReceiveSlab } from './receive-slab.ts';
import type { ChunkPool } from './staging.ts';
import { rttOf } from './stats.ts';
import type { Traffic } from './traffic.ts';

/** Between the lanes' frames (lower) and bodies (higher), where nobody says otherwise (RFC 9218, section 4.1). */
const DEFAULT_URGENCY = 3;

/**
 * Up to so many streams are each asked for bytes before the engine is asked which of them have some: its list costs as much
 * as reading thirty, and what it leaves behind outlives V8's young generation. Lanes, and the bodies that move at once, are fewer.
 */
const TRIED_STREAMS = 32;

/** What the streams of a connection work with. */
export interface StreamSetParts {
  readonly role: 'client' | 'server';
  readonly native: NativeConnection;
  readonly clock: Clock;
  readonly slab: ReceiveSlab;
  readonly pool: ChunkPool;
  readonly traffic: Traffic;
  /** Has the connection read and send at the end of this turn. */
  readonly wake: () => void;
  /** Has it send at once what has been written so far. */
  readonly sendEarly: () => void;
  readonly occasion: Occasion;
}

/** The streams of one connection. */
export class StreamSet implements StreamHost {
  readonly native: NativeConnection;
  readonly slab: ReceiveSlab;
  readonly pool: ChunkPool;
  readonly traffic: Traffic;
  readonly #clock: Clock;
  readonly #wake: () => void;
  readonly #sendEarly: () => void;
  readonly #occasion: Occasion;
  readonly #gathering = new Gathering();
  readonly #streams = new Map<number, QuicStream>();
  #pending: QuicStream[] = [];
  readonly #pace = new BodyPace();
  readonly #askRtt = (): number => rttOf(this.native);
  #lastRead: QuicStream | undefined;
  #nextId: number;
  #taken = false;
  /** Whether something may have come since the last look. */
  #unread = true;
  #accept: ((stream: Stream) => void) | undefined;
  #unaccepted: QuicStream[] = [];

  constructor({ role, native, clock, slab, pool, traffic, wake, sendEarly, occasion }: StreamSetParts) {
    this.native = native;
    this.slab = slab;
    this.pool = pool;
    this.traffic = traffic;
    this.#clock = clock;
    this.#wake = wake;
    this.#sendEarly = sendEarly;
    this.#occasion = occasion;
    this.#nextId = role === 'client' ? 0 : 1;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** @throws QconnError `stream_limit` when the peer allows no more */
  open(): Stream {
    const id = this.#nextId;
    try {
      this.native.streamPriority(id, DEFAULT_URGENCY, true);
    } catch (cause) {
      throw new QconnError(isStreamLimit(cause) ? 'stream_limit' : 'closed', undefined, { cause });
    }
    this.#nextId += 4;
    return this.#add(id);
  }

  onStream(accept: (stream: Stream) => void): void {
    this.#accept = accept;
    const waiting = this.#unaccepted;
    this.#unaccepted = [];
    for (const stream of waiting) accept(stream);
  }

  /** Whether something that has been written waits for room in a window, and not for its pace. */
  get waiting(): boolean {
    if (this.#pending.length === 0) return false;
    return this.#pace.room > 0 || this.#pending.some(({ urgency }) => urgency <= DEFAULT_URGENCY);
  }

  /** A datagram has come: there may be something to read. */
  arrived(): void {
    this.#unread = true;
  }

  /**
   * Hands over what has arrived, as far as readers take it. Whatever a reader throws comes out here.
   * @returns false when datagrams have come and nothing of them is for a reader: they acknowledge, or something before them is missing
   */
  receive(): boolean {
    if (!this.#unread) return true;
    this.#unread = false;
    // Mostly it is the stream of last time.
    const any = this.#lastRead?.receive() === true;
    if (!this.native.isReadable()) return any;
    if (this.#streams.size <= TRIED_STREAMS) {
      for (const stream of this.#streams.values()) {
        this.#lastRead = stream;
        stream.receive();
        if (!this.native.isReadable()) return true;
      }
    }
    for (const id of this.native.readable()) {
      this.#lastRead = this.#streams.get(id) ?? this.#acceptStream(id);
      this.#lastRead.receive();
    }
    return true;
  }

  /** Monotonic time at which bodies that are held back may go on. */
  get dueAt(): number {
    return this.#pending.length > 0 ? this.#pace.dueAt : Number.POSITIVE_INFINITY;
  }

  /**
   * Moves what has been written into the engine, as far as that takes it; the most urgent streams first.
   * @returns whether the engine has taken anything since the last time
   */
  pump(): boolean {
    this.#gathering.sent();
    if (this.#pending.length === 0) return false;
    const pending =
      this.#pending.length === 1 ? this.#pending : this.#pending.toSorted((a, b) => a.urgency - b.urgency);
    for (const stream of pending) stream.pending = !stream.pump();
    this.#pending = this.#pending.filter((stream) => stream.pending);
    const taken = this.#taken;
    this.#taken = false;
    return taken;
  }

  roomFor({ urgency }: QuicStream): number {
    if (urgency <= DEFAULT_URGENCY) return Number.POSITIVE_INFINITY;
    this.#pace.refill(this.#clock.monotonic(), this.#askRtt);
    return this.#pace.room;
  }

  engineTook(stream: QuicStream, bytes: number): void {
    this.#taken = true;
    if (stream.urgency <= DEFAULT_URGENCY) return;
    this.#pace.spent(bytes);
    // Whoever had its share goes to the end of the line.
    if (!stream.pending || this.#pending.length === 1) return;
    this.#pending = this.#pending.filter((other) => other !== stream);
    this.#pending.push(stream);
  }

  /** The connection has ended: so have its streams. */
  terminate(error: QconnError): void {
    this.#pending = [];
    for (const stream of this.#streams.values()) stream.terminate(error);
  }

  markPending(stream: QuicStream): void {
    if (!stream.pending) this.#pending.push(stream);
    stream.pending = true;
    this.#wake();
  }

  gathered(stream: QuicStream, bytes: number): void {
    this.markPending(stream);
    if (this.#gathering.wrote(bytes, this.#pending.length, this.#occasion)) this.#sendEarly();
  }

  turnEnded(): void {
    this.#gathering.turnEnded();
  }

  markReadable(): void {
    this.#unread = true;
    this.#wake();
  }

  forget(stream: QuicStream): void {
    this.#streams.delete(stream.id);
    if (this.#lastRead === stream) this.#lastRead = undefined;
  }

  #acceptStream(id: number): QuicStream {
    // Left alone, the engine sends what the peer has opened after everything that this side has: its own default is 127.
    this.native.streamPriority(id, DEFAULT_URGENCY, true);
    const stream = this.#add(id);
    if (this.#accept === undefined) this.#unaccepted.push(stream);
    else this.#accept(stream);
    return stream;
  }

  #add(id: number): QuicStream {
    const stream = new QuicStream(id, this, DEFAULT_URGENCY);
    this.#streams.set(id, stream);
    return stream;
  }
}
