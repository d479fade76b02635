import { createHash, type Hash } from 'node:crypto';
import { BODY_DIGEST_BYTES, ERROR_TABLE, errorCodeOfWire, QconnError } from '@qconn/protocol';
import type { Stream, StreamEnd } from '@qconn/transport';
import { LentPieces, type WaitingPieces } from './waiting-pieces.ts';

/** Bytes that wait for the program before the stream is paused: its window then holds the other end back. */
const WAITING_MAX_BYTES: number = 256 * 1024;

/** A body that comes on a stream: its last 32 bytes are the SHA-256 of what came before them. */
export class IncomingBody implements AsyncIterator<Uint8Array, void> {
  readonly #stream: Stream;
  readonly #length: number | undefined;
  readonly #onEnd: () => void;
  readonly #hash: Hash = createHash('sha256');
  readonly #pieces: WaitingPieces;
  #waitingBytes = 0;
  #received = 0;
  /** The last bytes that came: the digest, if nothing follows. */
  #tail: Uint8Array = new Uint8Array(0);
  #end: { readonly error: QconnError | undefined } | undefined;
  #wake: (() => void) | undefined;

  /**
   * @param lent whether each piece is good only until the next is asked for
   * @param onEnd told once, when the stream is of no use any more
   */
  constructor(stream: Stream, length: number | undefined, lent: boolean, onEnd: () => void) {
    this.#stream = stream;
    this.#length = length;
    this.#onEnd = onEnd;
    this.#pieces = lent ? new LentPieces() : [];
    stream.read({ borrows: lent, data: (chunk) => this.#take(chunk), end: (end) => this.#ended(end) });
  }

  async next(): Promise<IteratorResult<Uint8Array, void>> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) {
        this.#waitingBytes -= piece.length;
        if (this.#waitingBytes <= WAITING_MAX_BYTES / 2) this.#stream.resume();
        return { done: false, value: piece };
      }
      if (this.#end !== undefined) {
        const { error } = this.#end;
        if (error !== undefined) throw error;
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The program wants no more: whoever sends it is told to stop. */
  async return(): Promise<IteratorResult<Uint8Array, void>> {
    this.stop();
    return { done: true, value: undefined };
  }

  /** Ends it here, whether or not it has been read to its end. */
  stop(): void {
    if (this.#end !== undefined) return;
    this.#finish(new QconnError('body_cut', 'The body is read no further: this side has let go of it.'));
    this.#stream.stopSending(ERROR_TABLE.cancelled.wire);
  }

  #take(chunk: Uint8Array): void {
    if (this.#end !== undefined) return;
    const held = this.#tail.length;
    const body = Math.max(0, held + chunk.length - BODY_DIGEST_BYTES);
    if (held > 0 && body > 0) this.#give(this.#tail.subarray(0, Math.min(held, body)));
    if (body > held) this.#give(chunk.subarray(0, body - held));
    this.#tail = lastOf(this.#tail, chunk);
    if (this.#waitingBytes > WAITING_MAX_BYTES) this.#stream.pause();
    this.#wake?.();
  }

  #give(piece: Uint8Array): void {
    this.#hash.update(piece);
    this.#received += piece.length;
    this.#waitingBytes += piece.length;
    this.#pieces.push(piece);
  }

  #ended(end: StreamEnd): void {
    if (end.kind === 'finished') return this.#finish(this.#fault());
    this.#finish(end.kind === 'reset' ? cut(errorCodeOfWire(end.code)) : cut('closed'));
  }

  /** What is wrong with a body that came to its end. */
  #fault(): QconnError | undefined {
    if (this.#tail.length < BODY_DIGEST_BYTES) return cut(undefined);
    if (this.#length !== undefined && this.#length !== this.#received)
      return new QconnError('body_corrupt', `${this.#length} bytes were announced, ${this.#received} came.`);
    return this.#hash.digest().equals(this.#tail) ? undefined : new QconnError('body_corrupt');
  }

  #finish(error: QconnError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#wake?.();
    this.#onEnd();
  }
}

/** The last 32 of the bytes that came, or all of them; a copy, so that no chunk is held for them. */
function lastOf(tail: Uint8Array, chunk: Uint8Array): Uint8Array {
  if (chunk.length >= BODY_DIGEST_BYTES) return chunk.slice(-BODY_DIGEST_BYTES);
  return Buffer.concat([tail, chunk]).subarray(-BODY_DIGEST_BYTES);
}

function cut(code: ReturnType<typeof errorCodeOfWire>): QconnError {
  const why = code === undefined || code === 'body_cut' ? '' : ` ${ERROR_TABLE[code].summary}`;
  return new QconnError('body_cut', `${ERROR_TABLE.body_cut.summary}${why}`, {
    facts: code === undefined ? {} : { reason: code },
  });
}
