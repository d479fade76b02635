import type { Readable } from 'node:stream';
import { QconnError } from '@qconn/protocol';

/** Reads a stream to its end. @throws QconnError `too_large` as soon as it has more bytes than allowed */
export async function readStream(stream: Readable, maxBytes: number, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array | string>) {
    const part = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    bytes += part.length;
    if (bytes > maxBytes) throw new QconnError('too_large', `${what} has more than ${maxBytes} bytes.`);
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}
