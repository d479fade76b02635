import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { STREAMED_FLAG } from './frame-rule.ts';
import type { PackedReader } from './packed-reader.ts';
import type { PackedWriter } from './packed-writer.ts';

/**
 * What a Request, Deliver or Response says of a body that does not travel in it: whoever wants it opens a body
 * stream for it (see {@link encodeBodyOpening}).
 */
export interface StreamedBody {
  /** Bytes of the body, 0 … 2^53 − 1; `undefined` when its owner does not know yet. */
  readonly length: number | undefined;
}

const TWO_32 = 0x1_0000_0000;
const HIGH_MAX = 0x1f_ffff;
/** Both halves of a length that nobody knows. */
const UNKNOWN = 0xffff_ffff;

/** Writes the announcement, the last field of its control section: eight bytes, all ones for an unknown length. */
export function writeStreamedBody(writer: PackedWriter, { length }: StreamedBody): PackedWriter {
  if (length === undefined) return writer.u32(UNKNOWN).u32(UNKNOWN);
  return writer.u32(Math.floor(length / TWO_32)).u32(length >>> 0);
}

/**
 * Reads the announcement of a frame whose flag says that it has one.
 * @returns `undefined` for a frame that carries its body itself
 * @throws QconnError `bad_frame`
 */
export function readStreamedBody(frame: Frame, reader: PackedReader): StreamedBody | undefined {
  if ((frame.flags & STREAMED_FLAG) === 0) return undefined;
  const high = reader.u32();
  const low = reader.u32();
  if (frame.body.length > 0) throw reader.bad('a body of its own and a streamed one');
  if (high === UNKNOWN && low === UNKNOWN) return { length: undefined };
  if (high > HIGH_MAX) throw reader.bad('a body of over 2^53 − 1 bytes');
  return { length: high * TWO_32 + low };
}

/** The flag that goes with a streamed body. */
export function streamedFlag(streamed: StreamedBody | undefined): number {
  return streamed === undefined ? 0 : STREAMED_FLAG;
}

/** True for a Response whose body is still to be fetched; reads nothing but its header. */
export function announcesBody(frame: Frame): boolean {
  return frame.type === FrameType.Response && (frame.flags & STREAMED_FLAG) !== 0;
}
