import type { IncomingMessage } from 'node:http';
import { QconnError } from '@qconn/protocol';

/** The text of an answer. @throws QconnError `too_large`; whatever the connection fails with */
export async function readAnswer(answer: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new QconnError('too_large', `The hub's answer has more than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
