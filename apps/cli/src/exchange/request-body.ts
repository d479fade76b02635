import { createReadStream, openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { contentOf, type Content } from '@qconn/client';
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
    return contentOf(stdin as AsyncIterable<Uint8Array>);
  }
  try {
    const found = await stat(file);
    if (found.isFile() && found.size > BODY_MAX_BYTES) return await openAsBlob(file);
    return await contentOf(createReadStream(file) as AsyncIterable<Uint8Array>);
  } catch (cause) {
    throw new QconnError('usage', `The file ${file} cannot be read. A text is sent with --body.`, { cause });
  }
}
