import { createReadStream, openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Content } from '@qconn/client';
import { BODY_MAX_BYTES, QconnError } from '@qconn/protocol';
import type { Surroundings } from '../surroundings.ts';

/** Where a message's body comes from: a file, standard input (`-` or nothing), or text. */
export interface BodySource {
  readonly file: string | undefined;
  readonly text: string | undefined;
}

/**
 * The body: as bytes when it fits a frame, else as it is read. A file can be read again and says how long it is; a
 * pipe cannot.
 * @throws QconnError `usage` for a file that cannot be read
 */
export async function requestBody({ file, text }: BodySource, { stdin, stderr }: Surroundings): Promise<Content> {
  if (text !== undefined && file !== undefined) throw new QconnError('usage', 'Give a file or --body, not both.');
  if (text !== undefined) return Buffer.from(text);
  if (file === undefined || file === '-') {
    if (stdin.isTTY === true) stderr.write('Type the body; Ctrl-D on an empty line ends it.\n');
    return wholeOrStream(stdin);
  }
  try {
    const found = await stat(file);
    if (found.isFile() && found.size > BODY_MAX_BYTES) return await openAsBlob(file);
    return await wholeOrStream(createReadStream(file));
  } catch (cause) {
    throw new QconnError('usage', `The file ${file} cannot be read.`, { cause });
  }
}

async function wholeOrStream(stream: Readable): Promise<Content> {
  const pieces = piecesOf(stream);
  const begun: Uint8Array[] = [];
  let bytes = 0;
  while (bytes <= BODY_MAX_BYTES) {
    const next = await pieces.next();
    if (next.done === true) return Buffer.concat(begun);
    begun.push(next.value);
    bytes += next.value.length;
  }
  return joined(begun, pieces);
}

async function* piecesOf(stream: Readable): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of stream as AsyncIterable<Uint8Array | string>)
    yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

async function* joined(begun: readonly Uint8Array[], rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* begun;
  yield* rest;
}
