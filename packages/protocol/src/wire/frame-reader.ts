import { QconnError } from '../errors.ts';
import { FRAME_HEADER_BYTES } from '../limits.ts';
import { readFrameHeader, type Frame, type FrameHeader } from './frame.ts';

/** What a frame that arrives in pieces is given at first; then as much again as has come. */
const FIRST_PIECE_BYTES = 2_048;

const EMPTY = new Uint8Array(0);

/** Memory for frames that come in pieces, from somebody who has it back once the frame has been handled. */
export interface FrameMemory {
  /** @returns memory of so many bytes, or of the next power of two, whatever is in it */
  take(bytes: number): Uint8Array;
  give(memory: Uint8Array): void;
}

/**
 * Cuts a lane's bytes into frames. It holds at most one incomplete frame, takes memory for it only
 * after its header has been checked, and never more than twice what the peer has really sent (or
 * 2 KiB): a peer cannot make it hold 64 KiB by announcing them. A frame that arrives whole in one
 * chunk is not copied.
 */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  readonly #memory: FrameMemory | undefined;
  readonly #fresh: (bytes: number) => Uint8Array;
  readonly #head = new Uint8Array(FRAME_HEADER_BYTES);
  #headFilled = 0;
  #header: FrameHeader | undefined;
  #payload: Uint8Array = EMPTY;
  #payloadFilled = 0;
  #broken = false;

  /**
   * @param onFrame called for each frame, in order; its arrays may be views of the chunk that was pushed
   * @param memory for frames that come in pieces. With it a frame is lent: its arrays are valid until `onFrame` returns
   * @param fresh without that, makes memory for a frame that comes in pieces, whatever is in it; nobody gives it back
   */
  constructor(
    onFrame: (frame: Frame) => void,
    memory?: FrameMemory,
    fresh: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
  ) {
    this.#onFrame = onFrame;
    this.#memory = memory;
    this.#fresh = fresh;
  }

  /**
   * Takes the next bytes of the lane.
   * @throws QconnError `bad_frame` or `frame_too_large`, and whatever `onFrame` throws; the lane cannot be
   *   read any further then, and every later push throws `bad_frame`
   */
  push(chunk: Uint8Array): void {
    if (this.#broken) throw new QconnError('bad_frame', 'The lane has lost its place: an earlier frame was malformed.');
    try {
      for (let at = 0; at < chunk.length;) {
        at = this.#header === undefined ? this.#takeHeader(chunk, at) : this.#takePayload(chunk, at, this.#header);
      }
    } catch (error) {
      this.#broken = true;
      this.#payload = EMPTY;
      throw error;
    }
  }

  /** True between frames: a lane that ends here was not cut short. */
  get atBoundary(): boolean {
    return this.#headFilled === 0 && this.#header === undefined && !this.#broken;
  }

  /** Bytes of memory held for a frame that has not come whole. */
  get heldBytes(): number {
    return this.#payload.length;
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
    this.#payloadFilled = 0;
    return this.#takePayload(chunk, at, header);
  }

  #takePayload(chunk: Uint8Array, at: number, header: FrameHeader): number {
    const bytes = header.controlBytes + header.bodyBytes;
    const taken = Math.min(bytes - this.#payloadFilled, chunk.length - at);
    this.#hold(this.#payloadFilled + taken, bytes);
    this.#payload.set(chunk.subarray(at, at + taken), this.#payloadFilled);
    this.#payloadFilled += taken;
    if (this.#payloadFilled === bytes) {
      const payload = this.#payload;
      this.#header = undefined;
      this.#payload = EMPTY;
      this.#emit(header, payload, 0);
      this.#memory?.give(payload);
    }
    return at + taken;
  }

  /** Makes room for `filled` of the frame's bytes. */
  #hold(filled: number, bytes: number): void {
    if (filled <= this.#payload.length) return;
    const larger =
      this.#memory?.take(Math.max(filled, FIRST_PIECE_BYTES)) ??
      this.#fresh(Math.min(bytes, Math.max(filled * 2, FIRST_PIECE_BYTES)));
    larger.set(this.#payload.subarray(0, this.#payloadFilled));
    if (this.#payload !== EMPTY) this.#memory?.give(this.#payload);
    this.#payload = larger;
  }

  #emit(header: FrameHeader, bytes: Uint8Array, at: number): void {
    const bodyAt = at + header.controlBytes;
    this.#onFrame({
      type: header.type,
      flags: header.flags,
      id: header.id,
      control: header.controlBytes === 0 ? EMPTY : bytes.subarray(at, bodyAt),
      body: header.bodyBytes === 0 ? EMPTY : bytes.subarray(bodyAt, bodyAt + header.bodyBytes),
    });
  }
}
