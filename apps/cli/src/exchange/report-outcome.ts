import type { OwnMachine } from '@qconn/client';
import type { QconnError } from '@qconn/protocol';
import { EXIT_NOT_SENT, EXIT_UNCERTAIN } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { failed } from '../output/failure.ts';

/**
 * Tells why a message has no reply, and whether it may be sent again.
 * @param machine the sender as the hub knows it, once it has been heard from
 * @param idempotencyKey the one that it was sent with
 * @returns the exit code
 */
export function reportOutcome(
  error: QconnError,
  machine: OwnMachine | undefined,
  idempotencyKey: string | undefined,
  invocation: Invocation,
): number {
  failed(error, invocation.surroundings);
  invocation.note(`  send it again: ${retryText(error, idempotencyKey)}`);
  if (machine?.status === 'pending')
    invocation.note(`  to approve this machine: qconn approve ${machine.shortCode} --roles …`);
  return error.retrySafe ? EXIT_NOT_SENT : EXIT_UNCERTAIN;
}

function retryText({ retrySafe, retryAfterMs }: QconnError, idempotencyKey: string | undefined): string {
  const after = retryAfterMs === undefined ? '' : `, in ${Math.ceil(retryAfterMs / 1000)} s or later`;
  if (retrySafe) return `safe${after}: it was not run`;
  if (idempotencyKey !== undefined)
    return `safe with the same --key${after}: if it was run, the machine answers with the first outcome`;
  return `not safe: it may have been run${after}; with --key a repetition would have been recognised`;
}
