import { once } from 'node:events';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { BodyStream } from '@qconn/client';
import { isQconnError, QconnError } from '@qconn/protocol';
import type { Invocation } from '../invocation.ts';
import type { Screen } from '../surroundings.ts';

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

/**
 * Writes a streamed reply as it comes. A file gets its name only when the reply is whole; what a pipe has got of one
 * that breaks off, the exit code tells of.
 * @returns bytes written
 * @throws QconnError `usage` when the file cannot be written, `body_cut` and `body_corrupt` as the stream has them
 */
export async function streamReply(body: BodyStream, out: string | undefined, invocation: Invocation): Promise<number> {
  const { stdout } = invocation.surroundings;
  if (out !== undefined) return streamOut(body, out);
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    await writeAll(stdout, piece);
  }
  return bytes;
}

async function streamOut(body: BodyStream, file: string): Promise<number> {
  const unfinished = `${file}.part`;
  let bytes = 0;
  try {
    const handle = await open(unfinished, 'w');
    try {
      for await (const piece of body) {
        await handle.writeFile(piece);
        bytes += piece.length;
      }
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
    return bytes;
  } catch (cause) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw isQconnError(cause) ? cause : unwritable(file, cause);
  }
}

async function writeAll(stdout: Screen, piece: Uint8Array): Promise<void> {
  if (stdout.write(piece) === false) await once(stdout as unknown as Writable, 'drain');
}

async function writeOut(body: Uint8Array, file: string): Promise<void> {
  try {
    await writeFile(file, body);
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

function unwritable(file: string, cause: unknown): QconnError {
  return new QconnError('usage', `The message was run, but the file ${file} cannot be written with its reply.`, {
    cause,
  });
}
