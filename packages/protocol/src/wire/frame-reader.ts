import { FRAME_HEADER_BYTES } from '../limits.ts';
import { readFrameHeader, type Frame, type FrameHeader } from './frame.ts';

/**
 * Cuts a lane's bytes into frames. It holds at most one incomplete frame, and takes memory for it
 * only after its header has been checked. A frame that arrives whole in one chunk is not copied.
 */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  readonly #head = new Uint8Array(FRAME_HEADER_BYTES);
  #headFilled = 0;
  #header: FrameHeader | undefined;
  #payload: Uint8Array = EMPTY;
  #payloadFilled = 0;

  /** @param onFrame called for each frame, in order; its arrays may be views of the chunk that was pushed */
  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /**
   * Takes the next bytes of the lane.
   * @throws QconnError `bad_frame` or `frame_too_large`; the lane cannot be read any further then
   */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      at = this.#header === undefined ? this.#takeHeader(chunk, at) : this.#takePayload(chunk, at, this.#header);
    }
  }

  /** True between frames: a lane that ends here was not cut short. */
  get atBoundary(): boolean {
    return this.#headFilled === 0 && this.#header === undefined;
  }

  #takeHeader(chunk: Uint8Array, at: number): number {
    const available = chunk.length - at;
    if (this.#headFilled === 0 && available >= FRAME_HEADER_BYTES) {
      return this.#begin(readFrameHeader(chunk, at), chunk, at + FRAME_HEADER_BYTES);
    }
    const taken = Math.min(FRAME_HEADER_BYTES - this.#headFilled, available);
    this.#head.set(chunk.subarray(at, at + taken), this.#headFilled);
    this.#headFilled += taken;
    if (this.#headFilled < FRAME_HEADER_BYTES) return at + taken;
    this.#headFilled = 0;
    return this.#begin(readFrameHeader(this.#head, 0), chunk, at + taken);
  }

  #begin(header: FrameHeader, chunk: Uint8Array, at: number): number {
    const bytes = header.controlBytes + header.bodyBytes;
    if (chunk.length - at >= bytes) {
      this.#emit(header, chunk, at);
      return at + bytes;
    }
    this.#header = header;
    this.#payload = new Uint8Array(bytes);
    this.#payload.set(chunk.subarray(at));
    this.#payloadFilled = chunk.length - at;
    return chunk.length;
  }

  #takePayload(chunk: Uint8Array, at: number, header: FrameHeader): number {
    const taken = Math.min(this.#payload.length - this.#payloadFilled, chunk.length - at);
    this.#payload.set(chunk.subarray(at, at + taken), this.#payloadFilled);
    this.#payloadFilled += taken;
    if (this.#payloadFilled === this.#payload.length) {
      const payload = this.#payload;
      this.#header = undefined;
      this.#payload = EMPTY;
      this.#emit(header, payload, 0);
    }
    return at + taken;
  }

  #emit(header: FrameHeader, bytes: Uint8Array, at: number): void {
    const bodyAt = at + header.controlBytes;
    this.#onFrame({
      type: header.type,
      flags: header.flags,
      id: header.id,
      control: bytes.subarray(at, bodyAt),
      body: bytes.subarray(bodyAt, bodyAt + header.bodyBytes),
    });
  }
}

const EMPTY = new Uint8Array(0);
