/** Small writes are gathered into chunks of this size: one call into the engine for dozens of frames. */
const CHUNK_BYTES = 8 * 1024;

/** Free chunks that a pool keeps: 512 KB at most. */
const POOL_CHUNKS = 64;

/** Chunks for staging, shared by all streams of an endpoint, so that an idle stream holds no memory. */
export class ChunkPool {
  readonly #free: Uint8Array[] = [];

  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(CHUNK_BYTES);
  }

  give(chunk: Uint8Array): void {
    if (chunk.length === CHUNK_BYTES && this.#free.length < POOL_CHUNKS) this.#free.push(chunk);
  }
}

interface Piece {
  readonly bytes: Uint8Array;
  start: number;
  end: number;
}

/** Bytes that wait to be sent, in order. They are copies: whoever wrote them may reuse its buffer. */
export class Staging {
  readonly #pool: ChunkPool;
  readonly #pieces: Piece[] = [];
  #length = 0;

  constructor(pool: ChunkPool) {
    this.#pool = pool;
  }

  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    const last = this.#pieces.at(-1);
    const piece =
      last !== undefined && last.bytes.length - last.end >= bytes.length ? last : this.#addPiece(bytes.length);
    piece.bytes.set(bytes, piece.end);
    piece.end += bytes.length;
    this.#length += bytes.length;
  }

  /** The first bytes to send; empty when there are none. Valid until the next call of any other method. */
  head(): Uint8Array {
    const first = this.#pieces[0];
    return first === undefined ? EMPTY : first.bytes.subarray(first.start, first.end);
  }

  /** Drops the first `count` bytes, which must lie within the head. */
  consume(count: number): void {
    const first = this.#pieces[0];
    if (first === undefined) return;
    first.start += count;
    this.#length -= count;
    if (first.start < first.end) return;
    this.#pieces.shift();
    this.#pool.give(first.bytes);
  }

  clear(): void {
    for (const { bytes } of this.#pieces) this.#pool.give(bytes);
    this.#pieces.length = 0;
    this.#length = 0;
  }

  #addPiece(length: number): Piece {
    const bytes = length > CHUNK_BYTES ? new Uint8Array(length) : this.#pool.take();
    const piece: Piece = { bytes, start: 0, end: 0 };
    this.#pieces.push(piece);
    return piece;
  }
}

const EMPTY = new Uint8Array(0);
