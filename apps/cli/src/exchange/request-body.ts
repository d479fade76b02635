import { createReadStream } from 'node:fs';
import { BODY_MAX_BYTES, QconnError } from '@qconn/protocol';
import { readStream } from '../input/read-stream.ts';
import type { Surroundings } from '../surroundings.ts';

/** Where a message's body comes from: a file, standard input (`-` or nothing), or text. */
export interface BodySource {
  readonly file: string | undefined;
  readonly text: string | undefined;
}

/** @throws QconnError `usage` for a file that cannot be read, `too_large` */
export async function requestBody({ file, text }: BodySource, { stdin, stderr }: Surroundings): Promise<Uint8Array> {
  if (text !== undefined && file !== undefined) throw new QconnError('usage', 'Give a file or --body, not both.');
  if (text !== undefined) return Buffer.from(text);
  if (file === undefined || file === '-') {
    if (stdin.isTTY === true) stderr.write('Type the body; Ctrl-D on an empty line ends it.\n');
    return readStream(stdin, BODY_MAX_BYTES, 'Standard input');
  }
  try {
    return await readStream(createReadStream(file), BODY_MAX_BYTES, file);
  } catch (cause) {
    if (cause instanceof QconnError) throw cause;
    throw new QconnError('usage', `The file ${file} cannot be read.`, { cause });
  }
}
