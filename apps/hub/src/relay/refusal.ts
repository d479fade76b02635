import type { ErrorCode, Outcome } from '@qconn/protocol';

/** An outcome that is the hub's own. Without a reason the code says it all. */
export function refusalWith(code: ErrorCode, reason = ''): Outcome {
  return { code, reason, retryAfterMs: 0 };
}
