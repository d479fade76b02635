import { IDEMPOTENCY_TTL_MS, type ErrorCode } from '@qconn/protocol';

/** How long before the end of its key's life a message is given up: it must not arrive after the provider forgot it. */
const KEY_MARGIN_MS = 300_000;

/** Outcomes that another try would only repeat. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'rejected',
  'handler_failed',
  'too_large',
  'bad_address',
  'invalid_request',
]);

/** How a try to send a file ended. */
export interface FailedTry {
  readonly code: ErrorCode;
  /** As {@link QconnError.retrySafe}: whether it certainly did not run. */
  readonly retrySafe: boolean;
  /** Whether an earlier try with the same key may have run. */
  readonly mayHaveRun: boolean;
  /** Milliseconds since the file got its key. */
  readonly keyAgeMs: number;
}

/**
 * What becomes of a file whose message failed. Pure.
 * - `put_back`: it certainly did not run; the file goes back and is sent later, as if for the first time;
 * - `repeat`: it may have run; it is sent again under the same key, and the provider knows what it has run;
 * - `give_up`: another try would fail the same way, or could run twice because the key's life ends.
 */
export function afterFailure({ code, retrySafe, mayHaveRun, keyAgeMs }: FailedTry): 'put_back' | 'repeat' | 'give_up' {
  if (FINAL.has(code)) return 'give_up';
  if (retrySafe && !mayHaveRun) return 'put_back';
  return keyAgeMs < IDEMPOTENCY_TTL_MS - KEY_MARGIN_MS ? 'repeat' : 'give_up';
}
