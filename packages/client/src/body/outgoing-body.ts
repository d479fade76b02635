import { createHash } from 'node:crypto';
import { ERROR_TABLE, QconnError } from '@qconn/protocol';
import type { Stream } from '@qconn/transport';
import { checkPiece, type BodySource } from './content.ts';

/**
 * Writes a body to a stream as fast as that takes it, and its SHA-256 behind it. A reader that wants no more, or
 * is gone, ends the reading of the source; that is no error.
 * @throws whatever the source throws: the stream has been reset with `body_cut` then
 */
export async function sendBody(source: BodySource, stream: Stream): Promise<void> {
  const hash = createHash('sha256');
  let sent = 0;
  try {
    for await (const piece of source.open()) {
      const bytes = checkPiece(piece);
      sent += bytes.length;
      if (!(await write(stream, bytes))) return;
      hash.update(bytes);
    }
    if (source.length !== undefined && source.length !== sent)
      throw new QconnError('invalid_state', `The body was to have ${source.length} bytes and had ${sent}.`);
  } catch (error) {
    stream.reset(ERROR_TABLE.body_cut.wire);
    throw error;
  }
  if (await write(stream, hash.digest())) stream.end();
}

/** @returns whether the reader takes more */
async function write(stream: Stream, bytes: Uint8Array): Promise<boolean> {
  try {
    if (!stream.write(bytes)) await stream.writable();
    return true;
  } catch (error) {
    if (error instanceof QconnError) return false;
    throw error;
  }
}
