import type { IncomingMessage } from 'node:http';
import type { Answer } from '@qconn/client';
import { failed, refused } from './failures.ts';
import { growingAnswer } from './growing-answer.ts';
import { TextTail } from './text-tail.ts';

/** Characters of an error page that go into the reason. */
const EXCERPT = 200;

/**
 * Turns a service's answer into the job's: 2xx is its result, 4xx a refusal, everything else a failure.
 * @throws QconnError `rejected` for 4xx; `handler_failed` for other statuses and for too many bytes
 */
export async function readAnswer(response: IncomingMessage, target: string, maxBytes: number): Promise<Answer> {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return readResult(response, target, maxBytes);
  const excerpt = await readExcerpt(response);
  const said = `${target} answered with status ${status}${excerpt === '' ? '' : `: ${excerpt}`}`;
  if (status >= 400 && status < 500) throw refused(said);
  if (status >= 300 && status < 400) throw failed(`${said} (redirects are not followed)`);
  throw failed(said);
}

async function readResult(response: IncomingMessage, target: string, maxBytes: number): Promise<Answer> {
  const tooMuch = (): Error => failed(`${target} did the job, but answered with more than ${maxBytes} bytes.`);
  const body = await growingAnswer(response as AsyncIterable<Buffer>, maxBytes, tooMuch, async () => {});
  const contentType = response.headers['content-type'];
  return { body, headers: contentType === undefined ? {} : { 'content-type': contentType } };
}

/** The beginning of an error page, which may be of any length. */
async function readExcerpt(response: IncomingMessage): Promise<string> {
  const excerpt = new TextTail(EXCERPT);
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    excerpt.push(chunk.subarray(0, EXCERPT - bytes));
    bytes += chunk.length;
    if (bytes >= EXCERPT) break;
  }
  return excerpt.text;
}
