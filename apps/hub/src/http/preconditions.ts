import type { IncomingHttpHeaders } from 'node:http';
import { QconnError } from '@qconn/protocol';
import { Type } from 'typebox';

/** What an edit says it builds on (RFC 9110, section 13.1). */
export const EditHeaders = Type.Object({
  'if-match': Type.Optional(
    Type.String({ maxLength: 1024, description: 'ETag that the editor saw, or * for whatever is there' }),
  ),
  'if-none-match': Type.Optional(Type.String({ maxLength: 1024, description: '*: it must not exist yet' })),
});

const ETAGS = /^"[\x21\x23-\x7e]*"(\s*,\s*"[\x21\x23-\x7e]*")*$/;

/** A version as an ETag. It stands for what can be edited, not for every byte of an answer. */
export function etagOf(version: string | number): string {
  return `"${version}"`;
}

/**
 * Compares what an edit builds on with what is there. What is compared here can still change before it is written: the
 * version goes along, and the transaction compares it again.
 * @param version of what is there; undefined when there is nothing
 * @param what in the middle of a sentence, such as `the role lims`
 * @throws QconnError `precondition_required` when a required one is missing, `edit_conflict`, `invalid_request`
 */
export function checkPrecondition(
  headers: IncomingHttpHeaders,
  version: string | number | undefined,
  { what, required }: { readonly what: string; readonly required: boolean },
): void {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  if (match === undefined && noneMatch === undefined) {
    if (required) throw new QconnError('precondition_required', `An edit of ${what} has to say what it builds on.`);
    return;
  }
  if (noneMatch !== undefined) {
    if (noneMatch.trim() !== '*' || match !== undefined)
      throw new QconnError('invalid_request', 'If-None-Match has to be * and to stand alone.');
    if (version !== undefined) throw conflict(`There is ${what} already.`, version);
    return;
  }
  if (version === undefined) throw conflict(`There is no longer ${what}.`, version);
  if (match?.trim() !== '*' && !tagsOf(match ?? '').includes(etagOf(version)))
    throw conflict(`Somebody has changed ${what} in the meantime.`, version);
}

function tagsOf(text: string): string[] {
  const trimmed = text.trim();
  if (!ETAGS.test(trimmed))
    throw new QconnError('invalid_request', 'If-Match has to be *, or ETags as the hub gave them, in quotes.');
  return trimmed.split(/\s*,\s*/);
}

function conflict(message: string, version: string | number | undefined): QconnError {
  return new QconnError('edit_conflict', message, { facts: version === undefined ? {} : { version } });
}
