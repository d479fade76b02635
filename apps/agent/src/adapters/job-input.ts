import { Readable } from 'node:stream';
import type { Job } from '@qconn/client';

/**
 * The body of a job as it comes, to be piped into whatever takes it. An error of it is the job's: half a body.
 * @param onPiece told of each piece that has been taken, so that a time limit counts from the last one
 */
export function jobInput(job: Job, onPiece: () => void = () => undefined): Readable {
  return Readable.from(pieces(job, onPiece), { objectMode: false });
}

async function* pieces({ stream }: Job, onPiece: () => void): AsyncGenerator<Uint8Array> {
  for await (const piece of stream) {
    yield piece;
    onPiece();
  }
}
