import {
  BODY_OPENING_BYTES,
  decodeBodyOpening,
  encodeBodyOpening,
  QconnError,
  type BodyOpening,
} from '@qconn/protocol';
import type { Connection } from './connection.ts';
import type { Stream } from './stream.ts';

/** Sending order of bodies among the streams of a connection: after the lanes, so that short messages overtake them. */
const BODY_URGENCY = 5;

/**
 * Opens the stream on which the peer is to send a body: ask for it, then read.
 * @throws QconnError `stream_limit` or `closed`
 */
export function openBodyStream(connection: Connection, opening: BodyOpening): Stream {
  const stream = connection.openStream();
  stream.write(encodeBodyOpening(opening));
  stream.endWithPeer();
  return stream;
}

/**
 * Reads the opening of a body stream that the peer has opened; the body is then written to the stream.
 * @param first what has come of it, the stream's type included
 * @param refuse told of an opening that is malformed or goes on for too long
 */
export function acceptBodyStream(
  stream: Stream,
  first: Uint8Array,
  take: (opening: BodyOpening, stream: Stream) => void,
  refuse: (error: QconnError) => void,
): void {
  const bytes = new Uint8Array(BODY_OPENING_BYTES);
  let filled = 0;
  const push = (chunk: Uint8Array): void => {
    if (filled + chunk.length > BODY_OPENING_BYTES)
      return refuse(new QconnError('bad_stream', 'Whoever opens a body stream writes its opening and nothing more.'));
    bytes.set(chunk, filled);
    filled += chunk.length;
    if (filled < BODY_OPENING_BYTES || chunk.length === 0) return;
    stream.setPriority(BODY_URGENCY);
    try {
      take(decodeBodyOpening(bytes), stream);
    } catch (error) {
      if (!(error instanceof QconnError)) throw error;
      refuse(error);
    }
  };
  // A stream that ends before its opening is whole asks for nothing: then nothing is sent on it either.
  stream.read({ data: push, end: () => (filled < BODY_OPENING_BYTES ? stream.end() : undefined) });
  push(first);
}
