import { QconnError } from '@qconn/protocol';
import type { IncomingStream } from './bodies.ts';
import { BodyStream } from './body-stream.ts';

/** What came with a message: a body that is there, or one that is to be read. */
export class Received {
  readonly #inline: Uint8Array;
  readonly #incoming: IncomingStream | undefined;
  #stream: BodyStream | undefined;

  /** @param inline the frame's body; empty when it is streamed */
  constructor(inline: Uint8Array, incoming: IncomingStream | undefined) {
    this.#inline = inline;
    this.#incoming = incoming;
  }

  /** Whether the body did not fit its frame, so that {@link Received.stream} is the only way to it. */
  get streamed(): boolean {
    return this.#incoming !== undefined;
  }

  /** The body. @throws QconnError `invalid_state` when it is streamed: half a body is never taken for a whole one */
  get body(): Uint8Array {
    if (this.#incoming === undefined) return this.#inline;
    throw new QconnError('invalid_state', 'The body is streamed: read `stream`, or await `stream.bytes()`.');
  }

  /** The body as it comes, whether or not it is streamed. To be read once. */
  get stream(): BodyStream {
    this.#stream ??= this.#incoming?.stream ?? BodyStream.of(this.#inline);
    return this.#stream;
  }
}
