import { QconnError } from '../errors.ts';
import { readU32, writeU32 } from './frame.ts';
import { StreamType } from './stream-type.ts';

/** Which body of an exchange a stream is for. */
export type BodyKind = 'request' | 'response';

/** What whoever wants a body writes on the stream that it opens for it, and nothing more. */
export interface BodyOpening {
  readonly kind: BodyKind;
  /** Of the exchange, as the frame that announced the body had it on this connection. */
  readonly id: number;
}

/** Bytes of an opening: the stream's type, the kind, and the id. */
export const BODY_OPENING_BYTES = 10;

/** Bytes of the SHA-256 that ends every body stream, behind the body. */
export const BODY_DIGEST_BYTES = 32;

const KINDS: readonly BodyKind[] = ['request', 'response'];
const TWO_32 = 0x1_0000_0000;
const ID_HIGH_MAX = 0x1f_ffff;

/** Writes the opening of a body stream, its type byte included. */
export function encodeBodyOpening({ kind, id }: BodyOpening): Uint8Array {
  const bytes = new Uint8Array(BODY_OPENING_BYTES);
  bytes[0] = StreamType.Body;
  bytes[1] = KINDS.indexOf(kind);
  writeU32(bytes, 2, Math.floor(id / TWO_32));
  writeU32(bytes, 6, id >>> 0);
  return bytes;
}

/** Reads the opening of a body stream. @param bytes all of it @throws QconnError `bad_stream` */
export function decodeBodyOpening(bytes: Uint8Array): BodyOpening {
  const kind = KINDS[bytes[1] ?? KINDS.length];
  const idHigh = bytes.length === BODY_OPENING_BYTES ? readU32(bytes, 2) : ID_HIGH_MAX + 1;
  if (bytes[0] !== StreamType.Body || kind === undefined || idHigh > ID_HIGH_MAX)
    throw new QconnError('bad_stream', 'A body stream begins with a malformed opening.');
  const id = idHigh * TWO_32 + readU32(bytes, 6);
  if (id === 0) throw new QconnError('bad_stream', 'A body stream names no exchange.');
  return { kind, id };
}
