import { isQconnError, type QconnError } from '@qconn/protocol';
import { EXIT_NOT_SENT, EXIT_UNCERTAIN } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { failed } from '../output/failure.ts';

/**
 * Tells why a message has no reply, and whether it may be sent again.
 * @param idempotencyKey the one that it was sent with
 * @returns the exit code
 */
export function reportOutcome(error: QconnError, idempotencyKey: string | undefined, invocation: Invocation): number {
  failed(error, invocation.surroundings);
  invocation.note(`  send it again: ${retryText(error, idempotencyKey)}`);
  if (isQconnError(error, 'pending')) invocation.note('  an administrator runs: qconn machines --status pending');
  return error.retrySafe ? EXIT_NOT_SENT : EXIT_UNCERTAIN;
}

function retryText({ retrySafe, retryAfterMs }: QconnError, idempotencyKey: string | undefined): string {
  const after = retryAfterMs === undefined ? '' : `, in ${Math.ceil(retryAfterMs / 1000)} s or later`;
  if (retrySafe) return `safe${after}: it was not run`;
  if (idempotencyKey !== undefined) return `safe with the same --key${after}: if it was run, the machine answers with the first outcome`;
  return `not safe: it may have been run${after}; with --key a repetition would have been recognised`;
}
