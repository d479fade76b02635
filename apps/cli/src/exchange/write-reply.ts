import { writeFile } from 'node:fs/promises';
import { QconnError } from '@qconn/protocol';
import type { Invocation } from '../invocation.ts';

/** Bytes that would steer a terminal instead of showing on it, but for tab and the ends of lines. */
const CONTROL = /(?![\n\r\t])\p{Cc}/u;

/**
 * Writes a reply's body as it is: to a file, or to standard output. A terminal gets text only.
 * @throws QconnError `usage` when the file cannot be written
 */
export async function writeReply(body: Uint8Array, out: string | undefined, invocation: Invocation): Promise<void> {
  const { stdout } = invocation.surroundings;
  if (out !== undefined) return writeOut(body, out);
  if (invocation.json || body.length === 0) return;
  if (stdout.isTTY !== true) return void stdout.write(body);
  const text = Buffer.from(body).toString('utf8');
  if (CONTROL.test(text) || text.includes('\u{FFFD}'))
    invocation.note(`The reply is ${body.length} bytes that are not text: add --out FILE, or send them to a pipe.`);
  else stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

async function writeOut(body: Uint8Array, file: string): Promise<void> {
  try {
    await writeFile(file, body);
  } catch (cause) {
    throw new QconnError('usage', `The message was run, but the file ${file} cannot be written with its reply.`, {
      cause,
    });
  }
}
