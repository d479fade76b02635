import { encodeHeaders, isQconnError, QconnError, type ByteCopies, type Outcome, type Response } from '@qconn/protocol';
import { packContent, type BodySource, type Content } from '../body/content.ts';
import type { Answer } from './job.ts';

/** How a job ended, in the form in which it is sent. A source is a streamed answer's body, and can be sent once. */
export type Settled = { readonly response: Response; readonly source?: BodySource } | { readonly outcome: Outcome };

const NOTHING = new Uint8Array(0);

/** What a handler has returned, which may be anything: handlers are written in JavaScript too. */
export function settledBy(answer: Answer): Settled {
  try {
    return pack(answer);
  } catch (error) {
    return failedBy(error);
  }
}

/** What a handler has thrown: `rejected` and `busy` as they are, all else as `handler_failed`. */
export function failedBy(error: unknown): Settled {
  if (isQconnError(error, 'rejected') || isQconnError(error, 'busy'))
    return { outcome: { code: error.code, reason: error.message, retryAfterMs: error.retryAfterMs ?? 0 } };
  return { outcome: { code: 'handler_failed', reason: reasonOf(error), retryAfterMs: 0 } };
}

/** A text for people. Anything can be thrown, even what has no text. */
export function reasonOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'The handler threw something that has no text.';
  }
}

/** A refusal: the handler did nothing, and the same key may try again. */
export function ranNothing(settled: Settled): boolean {
  if ('response' in settled) return false;
  const { code } = settled.outcome;
  return code !== 'handler_failed' && code !== 'answer_gone' && code !== 'result_unknown';
}

/** What is remembered: that there was a streamed answer, but not its body, which may be any length. */
export function withoutStream(settled: Settled): Settled {
  if (!('source' in settled)) return settled;
  return { outcome: { code: 'answer_gone', reason: '', retryAfterMs: 0 } };
}

/** A copy to remember: the answer may be part of a buffer that the handler writes to again, or of a much larger one. */
export function copied(settled: Settled, copies: ByteCopies): Settled {
  if (!('response' in settled)) return settled;
  const { headers, body } = settled.response;
  return { response: { headers: copies.of(headers), body: copies.of(body) } };
}

/** @throws QconnError for garbage and for too much */
function pack(answer: Answer): Settled {
  if (answer === undefined) return { response: { headers: NOTHING, body: NOTHING } };
  const whole = packContent(answer);
  if (whole === undefined && !isEnvelope(answer)) throw garbage(answer);
  const { headers, body = NOTHING } = whole === undefined ? (answer as Exclude<Answer, undefined | Content>) : {};
  const packed = whole ?? packContent(body);
  if (packed === undefined) throw garbage(body);
  const block = headers === undefined ? NOTHING : encodeHeaders(headers);
  if ('inline' in packed) return { response: { headers: block, body: packed.inline } };
  const { source } = packed;
  return { response: { headers: block, body: NOTHING, streamed: { length: source.length } }, source };
}

/** What has other things in it was meant as something else, such as a result to be sent as JSON. */
function isEnvelope(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null) return false;
  return Object.keys(answer).every((key) => key === 'body' || key === 'headers');
}

/** The types forbid it, but handlers are written in JavaScript too. */
function garbage(given: unknown): QconnError {
  return new QconnError(
    'handler_failed',
    `The handler returned ${given === null ? 'null' : typeof given}, which is neither bytes, text, a stream nor { body, headers }.`,
  );
}
