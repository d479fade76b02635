import { QconnError } from '@qconn/protocol';
import type { StreamEnd, StreamReader } from '../stream.ts';

/** Bytes under way beyond which a writer should wait: as much as the QUIC transport stages. */
const WRITE_MARK_BYTES: number = 256 * 1024;

interface Waiter {
  resolve(): void;
  reject(error: QconnError): void;
}

/** One direction of a memory stream: bytes that have been written and not yet read. */
export class MemoryChannel {
  readonly #schedule: (channel: MemoryChannel) => void;
  readonly #queue: Uint8Array[] = [];
  #queued = 0;
  #reader: StreamReader | undefined;
  #paused = false;
  #finishing = false;
  #sendError: QconnError | undefined;
  #received = false;
  #resetCode: number | undefined;
  #waiters: Waiter[] = [];
  /** Called when the direction is over for its writer and for its reader. */
  onOver: () => void = () => undefined;

  /** @param schedule has {@link MemoryChannel.deliver} called in the next turn of the event loop */
  constructor(schedule: (channel: MemoryChannel) => void) {
    this.#schedule = schedule;
  }

  get queuedBytes(): number {
    return this.#queued;
  }

  get over(): boolean {
    return this.#sendError !== undefined && this.#received;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#sendError !== undefined) throw this.#sendError;
    if (chunk.length > 0) {
      this.#queue.push(chunk.slice());
      this.#queued += chunk.length;
    }
    this.#schedule(this);
    return this.#queued <= WRITE_MARK_BYTES;
  }

  writable(): Promise<void> {
    if (this.#sendError !== undefined) return Promise.reject(this.#sendError);
    if (this.#queued <= WRITE_MARK_BYTES) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  end(): void {
    if (this.#sendError !== undefined) return;
    this.#finishing = true;
    this.#endSending(
      new QconnError('closed', 'The sending side of the stream has ended: nothing may be written after that.'),
    );
    this.#schedule(this);
  }

  reset(code: number): void {
    if (this.#sendError !== undefined) return;
    this.#resetCode = code;
    this.#clear();
    this.#endSending(new QconnError('stream_reset', 'This side reset the stream.', { facts: { code } }));
    this.#schedule(this);
  }

  /** The reader wants no more. */
  stop(code: number): void {
    if (this.#received) return;
    this.#clear();
    this.#endSending(new QconnError('stream_reset', `The peer stopped reading (code ${code}).`, { facts: { code } }));
    this.#endReceiving({ kind: 'closed' });
  }

  read(reader: StreamReader): void {
    this.#reader = reader;
    if (this.#received) reader.end({ kind: 'closed' });
    else this.#schedule(this);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule(this);
  }

  /** Hands over what waits, unless the reader is missing or paused. */
  deliver(): void {
    while (!this.#received && !this.#paused && this.#reader !== undefined) {
      const chunk = this.#queue.shift();
      if (chunk === undefined) break;
      this.#queued -= chunk.length;
      this.#reader.data(chunk);
    }
    if (this.#queued <= WRITE_MARK_BYTES / 2) this.#release();
    if (this.#received || this.#reader === undefined) return;
    if (this.#resetCode !== undefined) this.#endReceiving({ kind: 'reset', code: this.#resetCode });
    else if (this.#finishing && this.#queue.length === 0 && !this.#paused) this.#endReceiving({ kind: 'finished' });
  }

  /** The connection has ended. */
  terminate(error: QconnError): void {
    this.#clear();
    this.#endSending(error);
    this.#endReceiving({ kind: 'closed' });
  }

  #clear(): void {
    this.#queue.length = 0;
    this.#queued = 0;
  }

  #release(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.resolve();
  }

  #endSending(error: QconnError): void {
    if (this.#sendError !== undefined) return;
    this.#sendError = error;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(error);
    if (this.#received) this.onOver();
  }

  #endReceiving(end: StreamEnd): void {
    if (this.#received) return;
    this.#received = true;
    if (this.#sendError !== undefined) this.onOver();
    this.#reader?.end(end);
  }
}
