/**
 * Sizes of chunks, and how many free ones of each a pool keeps: 4.5 MB at most. Small writes are gathered in small chunks,
 * so that dozens of frames take one call of the engine; bodies are written in pieces of the large size.
 */
const CHUNKS = [
  { bytes: 8 * 1024, kept: 64 },
  { bytes: 64 * 1024, kept: 64 },
] as const;

/**
 * Chunks for staging, shared by all streams of an endpoint, so that an idle stream holds no memory, and a busy one makes no
 * garbage: memory outside of V8's heap sets off its collections all the sooner.
 */
export class ChunkPool {
  readonly #free: Uint8Array[][] = CHUNKS.map(() => []);

  /** @returns a chunk of so many bytes or more */
  take(bytes: number): Uint8Array {
    const kind = CHUNKS.findIndex((chunk) => chunk.bytes >= bytes);
    return this.#free[kind]?.pop() ?? new Uint8Array(CHUNKS[kind]?.bytes ?? bytes);
  }

  give(chunk: Uint8Array): void {
    const kind = CHUNKS.findIndex(({ bytes }) => bytes === chunk.length);
    const free = this.#free[kind];
    if (free !== undefined && free.length < (CHUNKS[kind]?.kept ?? 0)) free.push(chunk);
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
    const piece: Piece = { bytes: this.#pool.take(length), start: 0, end: 0 };
    this.#pieces.push(piece);
    return piece;
  }
}

const EMPTY = new Uint8Array(0);
