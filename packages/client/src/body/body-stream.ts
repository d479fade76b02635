import { QconnError } from '@qconn/protocol';
import { joined } from './joined.ts';

/** Default of {@link BodyStream.bytes}: what a program may be expected to hold without having thought of it. */
const BYTES_MAX: number = 16 * 1024 * 1024;

/**
 * A body as it comes. Read it once: by `for await`, as a Web stream, as bytes, or {@link BodyStream.lent piece by piece}.
 * A streamed body moves only while it is read. When the iteration ends without an error the body is whole: its SHA-256
 * has been checked.
 *
 * Errors of the iteration, none of them safe to retry: `body_cut` when the rest does not come, `body_corrupt` when
 * what came is not what was sent.
 */
export class BodyStream implements AsyncIterable<Uint8Array> {
  /** Bytes of the body; `undefined` when its sender did not know. */
  readonly length: number | undefined;
  readonly #open: (lent: boolean) => AsyncIterator<Uint8Array, void>;
  #read = false;

  /** @param open begins to read; `lent` allows it to use the memory of a piece again once the next is asked for */
  constructor(length: number | undefined, open: (lent: boolean) => AsyncIterator<Uint8Array, void>) {
    this.length = length;
    this.#open = open;
  }

  /** A body that has come already. */
  static of(bytes: Uint8Array): BodyStream {
    return new BodyStream(bytes.length, () => whole(bytes));
  }

  /** @throws QconnError `invalid_state` when it has been read before */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, void> {
    return this.#begin(false);
  }

  /**
   * The same, in memory that is used again: **each piece is good until the next is asked for.** Use it to look at pieces,
   * or to write each somewhere and wait until it is written. A body of gigabytes then leaves no garbage, for whose
   * collection the program's other messages would wait.
   * @throws QconnError from its iterator: `invalid_state` when it has been read before
   */
  lent(): AsyncIterable<Uint8Array> {
    return { [Symbol.asyncIterator]: () => this.#begin(true) };
  }

  /** The body as a stream of the Web's kind, for whatever takes one. */
  toWeb(): ReadableStream<Uint8Array> {
    const pieces = this[Symbol.asyncIterator]();
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const next = await pieces.next();
          if (next.done === true) controller.close();
          else controller.enqueue(next.value);
        },
        cancel: async () => {
          await pieces.return?.();
        },
      },
      { highWaterMark: 0 },
    );
  }

  #begin(lent: boolean): AsyncIterator<Uint8Array, void> {
    if (this.#read) throw new QconnError('invalid_state', 'The body has been read already: it comes only once.');
    this.#read = true;
    return this.#open(lent);
  }

  /**
   * All of it at once.
   * @param maxBytes most that may come; default 16 MiB
   * @throws QconnError `too_large` past that, before memory is taken where the length is known; `body_cut`, `body_corrupt`
   */
  async bytes(maxBytes: number = BYTES_MAX): Promise<Uint8Array> {
    if (this.length !== undefined && this.length > maxBytes) throw tooLarge(this.length, maxBytes);
    const pieces: Uint8Array[] = [];
    let length = 0;
    for await (const piece of this) {
      length += piece.length;
      if (length > maxBytes) throw tooLarge(length, maxBytes);
      pieces.push(piece);
    }
    return joined(pieces);
  }
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  if (bytes.length > 0) yield bytes;
}

function tooLarge(bytes: number, limit: number): QconnError {
  return new QconnError('too_large', `The body has ${bytes} bytes or more; ${limit} were to be read at most.`);
}
