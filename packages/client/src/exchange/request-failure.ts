import { QconnError } from '@qconn/protocol';

/** When to try again what the hub has no time for, in milliseconds: a few times as long as requests wait in its line. */
const NO_CREDIT_RETRY_MS = 100;

/** There is no room for one more request. @param why and that it was not sent */
export function noRoom(why: string): QconnError {
  return new QconnError('quota', why, { retryAfterMs: NO_CREDIT_RETRY_MS });
}

export function cancelledBeforeSent(): QconnError {
  return new QconnError('cancelled', 'The request was cancelled before it was sent.');
}

/** @param cause what the connection ended with; without one it was the hub that said nothing */
export function hubLost(cause: QconnError | undefined): QconnError {
  if (cause === undefined)
    return new QconnError('hub_lost', 'The hub said nothing within the resolution deadline; the result is unknown.');
  return new QconnError(
    'hub_lost',
    `The connection to the hub was lost while the request was in flight: ${cause.message}`,
    { cause },
  );
}
