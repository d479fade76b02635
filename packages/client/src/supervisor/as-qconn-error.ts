import { QconnError } from '@qconn/protocol';

/** What was thrown, as what users are told; anything else is a mistake of ours. */
export function asQconnError(error: unknown): QconnError {
  return error instanceof QconnError ? error : new QconnError('internal', undefined, { cause: error });
}
