import type { Clock, Timer } from '@qconn/clock';
import { BODY_DIGEST_BYTES, ERROR_TABLE, QconnError, type ErrorCode } from '@qconn/protocol';
import type { Stream, StreamEnd } from '@qconn/transport';

/** What a transfer works with, and whom it tells. */
export interface TransferParts {
  readonly clock: Clock;
  /** From the machine that has the body. */
  readonly source: Stream;
  /** To the machine that wants it. */
  readonly sink: Stream;
  /** Most bytes of the body; one more cuts it. */
  readonly bytesMax: number;
  /** Told of every piece that has passed. @returns milliseconds to wait before the next: the owner's quota of bytes */
  readonly onMoved: (bytes: number) => number;
  /** Told once, when nothing passes any more. */
  readonly onEnd: () => void;
}

/**
 * One body on its way through the hub: what one stream brings is written to another, as fast as the slower of
 * the two takes it. The hub holds no more of it than the window of the source's stream and what the sink's
 * stream stages; it reads nothing of the body, and passes on the digest behind it unread.
 */
export class BodyTransfer {
  readonly #parts: TransferParts;
  #left: number;
  #waiting = false;
  #pace: Timer | undefined;
  #over = false;

  constructor(parts: TransferParts) {
    this.#parts = parts;
    this.#left = parts.bytesMax + BODY_DIGEST_BYTES;
  }

  /** Bytes of the body that have passed: what came last may be its digest. */
  get bodyBytes(): number {
    return Math.max(0, this.#parts.bytesMax - this.#left);
  }

  start(): void {
    const data = (chunk: Uint8Array): void => this.#pass(chunk);
    this.#parts.source.read({ borrows: true, data, end: (end) => this.#sourceEnded(end) });
  }

  /** Cuts the body: whoever sends it is told to stop, whoever reads it that the rest does not come. */
  cut(code: ErrorCode): void {
    this.#finish(() => {
      this.#parts.sink.reset(ERROR_TABLE[code].wire);
      this.#parts.source.stopSending(ERROR_TABLE[code].wire);
    });
  }

  #pass(chunk: Uint8Array): void {
    if (this.#over) return;
    const { sink, source, onMoved } = this.#parts;
    this.#left -= chunk.length;
    if (this.#left < 0) return this.cut('too_large');
    let room: boolean;
    try {
      room = sink.write(chunk);
    } catch (error) {
      return this.#refused(error);
    }
    const waitMs = onMoved(chunk.length);
    if (room && waitMs === 0) return;
    this.#waiting = true;
    source.pause();
    void this.#resume(waitMs);
  }

  /** Reads on once the sink has room and the quota allows it. */
  async #resume(waitMs: number): Promise<void> {
    try {
      await this.#parts.sink.writable();
    } catch (error) {
      return this.#refused(error);
    }
    if (this.#over) return;
    if (waitMs > 0) this.#pace = this.#parts.clock.setTimer(waitMs, () => this.#readOn());
    else this.#readOn();
  }

  #readOn(): void {
    if (this.#over || !this.#waiting) return;
    this.#waiting = false;
    this.#parts.source.resume();
  }

  #sourceEnded(end: StreamEnd): void {
    const { sink } = this.#parts;
    this.#finish(() => {
      if (end.kind === 'finished') sink.end();
      else sink.reset(end.kind === 'reset' ? end.code : ERROR_TABLE.body_cut.wire);
    });
  }

  /** The reader wants no more, or its connection is gone: the writer is told to stop, with the reader's reason. */
  #refused(error: unknown): void {
    const code = error instanceof QconnError ? error.facts['code'] : undefined;
    this.#finish(() => this.#parts.source.stopSending(typeof code === 'number' ? code : ERROR_TABLE.body_cut.wire));
  }

  #finish(close: () => void): void {
    if (this.#over) return;
    this.#over = true;
    this.#pace?.cancel();
    close();
    this.#parts.onEnd();
  }
}
