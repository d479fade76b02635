import { QconnError } from '@qconn/protocol';
import type { Stream, StreamEnd, StreamReader } from '../stream.ts';
import { quiche, type NativeConnection } from './native.ts';
import { streamResetCode, streamStoppedCode } from './native-failure.ts';
import type { ReceiveSlab } from './receive-slab.ts';
import { Staging, type ChunkPool } from './staging.ts';
import type { Traffic } from './traffic.ts';

/** Bytes staged here beyond which a writer should wait; the engine holds up to a window more. */
const WRITE_MARK_BYTES: number = 256 * 1024;

/** A write this long goes to the engine at once; a shorter one is gathered with its neighbours. */
const DIRECT_WRITE_BYTES: number = 8 * 1024;

/** The bit of a stream id that says so (RFC 9000, section 2.1). This side opens none. */
const UNIDIRECTIONAL = 0x2;

const NOTHING = new Uint8Array(0);

/** What a stream needs from its connection. */
export interface StreamHost {
  readonly native: NativeConnection;
  readonly slab: ReceiveSlab;
  readonly pool: ChunkPool;
  readonly traffic: Traffic;
  /** Has the stream pumped at the end of this turn. */
  markPending(stream: QuicStream): void;
  /** The same after a small write, of which many are sent together. */
  gathered(stream: QuicStream, bytes: number): void;
  /** Has readable streams read in this turn. */
  markReadable(): void;
  /** Bytes that the engine may be given of a stream now. */
  roomFor(stream: QuicStream): number;
  /** The engine has taken so many of a stream. */
  engineTook(stream: QuicStream, bytes: number): void;
  /** Both directions have ended. */
  forget(stream: QuicStream): void;
}

interface Waiter {
  resolve(): void;
  reject(error: QconnError): void;
}

/** A stream of a QUIC connection. */
export class QuicStream implements Stream {
  readonly id: number;
  readonly #host: StreamHost;
  readonly #staging: Staging;
  #reader: StreamReader | undefined;
  #paused = false;
  #received = false;
  #finishing = false;
  #endsWithPeer = false;
  /** Whether the engine has last been given less than there was. */
  #full = false;
  #sendError: QconnError | undefined;
  #waiters: Waiter[] = [];

  /** See {@link Stream.setPriority}. */
  urgency: number;
  /** Whether it waits to be pumped. Only the set of its connection changes it. */
  pending = false;

  constructor(id: number, host: StreamHost, urgency: number) {
    this.id = id;
    this.urgency = urgency;
    this.#host = host;
    this.#staging = new Staging(host.pool);
    if ((id & UNIDIRECTIONAL) !== 0)
      this.#sendError = new QconnError('closed', 'The peer’s unidirectional streams take no writes.');
  }

  read(reader: StreamReader): void {
    this.#reader = reader;
    if (this.#received) reader.end({ kind: 'closed' });
    else this.#host.markReadable();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#host.markReadable();
  }

  write(chunk: Uint8Array): boolean {
    if (this.#sendError !== undefined) throw this.#sendError;
    if (this.#finishing) throw afterEnd();
    const direct =
      chunk.length >= DIRECT_WRITE_BYTES && this.#staging.length === 0 ? (this.#offer(chunk, false) ?? 0) : 0;
    if (this.#sendError !== undefined) throw this.#sendError;
    if (direct < chunk.length) this.#staging.append(direct === 0 ? chunk : chunk.subarray(direct));
    if (chunk.length < DIRECT_WRITE_BYTES) this.#host.gathered(this, chunk.length);
    else this.#host.markPending(this);
    return this.#staging.length <= WRITE_MARK_BYTES;
  }

  get bufferedBytes(): number {
    return this.#staging.length;
  }

  writable(): Promise<void> {
    if (this.#sendError !== undefined) return Promise.reject(this.#sendError);
    if (this.#staging.length <= WRITE_MARK_BYTES) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  end(): void {
    if (this.#finishing || this.#sendError !== undefined) return;
    this.#finishing = true;
    this.#host.markPending(this);
  }

  endWithPeer(): void {
    this.#endsWithPeer = true;
    if (this.#received) this.end();
  }

  reset(code: number): void {
    if (this.#sendError !== undefined) return;
    this.#shutdown(quiche.Shutdown.Write, code);
    this.#endSending(new QconnError('stream_reset', 'This side reset the stream.', { facts: { code } }));
    this.#host.markPending(this);
  }

  stopSending(code: number): void {
    if (this.#received) return;
    this.#shutdown(quiche.Shutdown.Read, code);
    this.#endReceiving({ kind: 'closed' });
    this.#host.markPending(this);
  }

  setPriority(urgency: number): void {
    this.urgency = urgency;
    this.#host.native.streamPriority(this.id, urgency, true);
  }

  /** Hands over what has arrived, unless the reader is missing or paused. @returns whether it has handed anything over */
  receive(): boolean {
    const { native, slab } = this.#host;
    let any = false;
    while (!this.#received && !this.#paused && this.#reader !== undefined) {
      const borrows = this.#reader.borrows === true;
      const room = borrows ? slab.lent : slab.room();
      const read = this.#readInto(native, room);
      if (read === undefined) break;
      any = true;
      const [length, finished] = read;
      this.#host.traffic.streamMoved(length);
      if (length > 0) this.#reader.data(borrows ? room.subarray(0, length) : slab.take(length));
      if (finished) this.#endReceiving({ kind: 'finished' });
      else if (length < room.length) break;
    }
    return any;
  }

  /** Moves staged bytes into the engine. @returns false when some have to wait for the peer or the network */
  pump(): boolean {
    this.#drain();
    if (this.#sendError !== undefined) return true;
    if (this.#staging.length <= WRITE_MARK_BYTES / 2) this.#release();
    if (this.#staging.length > 0) return false;
    if (!this.#finishing) return true;
    if (this.#offer(NOTHING, true) === undefined) return false;
    this.#endSending(afterEnd());
    return true;
  }

  /** The connection has ended: so do both directions. */
  terminate(error: QconnError): void {
    this.#endSending(error);
    this.#endReceiving({ kind: 'closed' });
  }

  #readInto(native: NativeConnection, room: Uint8Array): [number, boolean] | undefined {
    try {
      return native.streamRecv(this.id, room) ?? undefined;
    } catch (failure) {
      const code = streamResetCode(failure);
      this.#host.traffic.streamReset();
      this.#endReceiving(code === undefined ? { kind: 'closed' } : { kind: 'reset', code });
      return undefined;
    }
  }

  /**
   * Offers bytes to the engine, which copies what it takes.
   * @param finish with the last of them: an end that shares the packet of a byte is sent again with it
   */
  #offer(bytes: Uint8Array, finish: boolean): number | undefined {
    const { native } = this.#host;
    try {
      // An end alone, taken while there is no room, is forgotten with the next acknowledgement and never sent.
      if (finish && bytes.length === 0 && native.streamCapacity(this.id) === 0) return undefined;
      const room = this.#room();
      if (room === 0 && bytes.length > 0) return undefined;
      const offered = room < bytes.length ? bytes.subarray(0, room) : bytes;
      const taken = native.streamSend(this.id, offered, finish && offered === bytes);
      // The engine says "none" both for a full window and for a stream that it has forgotten; asking for the capacity tells them apart.
      if (taken === null) native.streamCapacity(this.id);
      this.#full = (taken ?? 0) < bytes.length;
      if (taken === null) return undefined;
      this.#host.engineTook(this, taken);
      this.#host.traffic.streamMoved(taken);
      return taken;
    } catch (failure) {
      const code = streamStoppedCode(failure);
      this.#host.traffic.streamReset();
      this.#endSending(
        new QconnError(
          'stream_reset',
          code === undefined ? undefined : `The peer stopped reading (code ${code}).`,
          code === undefined ? {} : { facts: { code } },
        ),
      );
      return 0;
    }
  }

  /**
   * Bytes that the engine may be offered now. Offered more than the connection's window has room for, it tells the peer each time
   * (DATA_BLOCKED, RFC 9000, section 19.12): the peer acknowledges that, which looks like room, and so on for as long as a reader pauses.
   */
  #room(): number {
    const room = this.#host.roomFor(this);
    return this.#full && room > 0 ? Math.min(room, this.#host.native.streamCapacity(this.id)) : room;
  }

  #drain(): void {
    while (this.#staging.length > 0) {
      const head = this.#staging.head();
      const last = this.#finishing && head.length === this.#staging.length;
      const taken = this.#offer(head, last) ?? 0;
      if (this.#sendError !== undefined) return;
      this.#staging.consume(taken);
      if (taken < head.length) return;
      if (last) this.#endSending(afterEnd());
    }
  }

  #shutdown(direction: typeof quiche.Shutdown.Read | typeof quiche.Shutdown.Write, code: number): void {
    try {
      this.#host.native.streamShutdown(this.id, direction, code);
    } catch {
      // The stream is already over on that side: there is nothing to shut down.
    }
  }

  #release(): void {
    if (this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.resolve();
  }

  #endSending(error: QconnError): void {
    if (this.#sendError !== undefined) return;
    this.#sendError = error;
    this.#staging.clear();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(error);
    if (this.#received) this.#host.forget(this);
  }

  #endReceiving(end: StreamEnd): void {
    if (this.#received) return;
    this.#received = true;
    if (this.#sendError !== undefined) this.#host.forget(this);
    this.#reader?.end(end);
    if (this.#endsWithPeer) this.end();
  }
}

function afterEnd(): QconnError {
  return new QconnError('closed', 'The sending side of the stream has ended: nothing may be written after that.');
}
