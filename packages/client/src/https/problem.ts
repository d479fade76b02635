import { ERROR_TABLE, QconnError, type ErrorCode } from '@qconn/protocol';

/** The error behind an RFC 9457 problem; `code` is the row of the error table. */
export function problemError(status: number, problem: unknown): QconnError {
  const fields = typeof problem === 'object' && problem !== null ? (problem as Record<string, unknown>) : {};
  const code = typeof fields['code'] === 'string' ? fields['code'] : '';
  const message = typeof fields['detail'] === 'string' ? fields['detail'] : `The hub answered with status ${status}.`;
  const retryAfterMs = typeof fields['retryAfterMs'] === 'number' ? { retryAfterMs: fields['retryAfterMs'] } : {};
  return new QconnError(Object.hasOwn(ERROR_TABLE, code) ? (code as ErrorCode) : 'internal', message, {
    ...retryAfterMs,
    facts: factsOf(fields),
  });
}

/** The problem's facts, and the request's id, by which the hub's log knows it. */
function factsOf({ facts, instance }: Record<string, unknown>): Record<string, string | number | boolean> {
  const entries = Object.entries({ ...(typeof facts === 'object' ? facts : {}), request: instance });
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string | number | boolean] =>
      ['string', 'number', 'boolean'].includes(typeof entry[1]),
    ),
  );
}
