import { ERROR_TABLE, type ErrorCode } from '../error-table.ts';
import type { Outcome } from '../wire/outcome.ts';

/** What a provider may say of a job. Every other code is the hub's to give. */
const PROVIDER_CODES: ReadonlySet<ErrorCode> = new Set([
  'not_found',
  'busy',
  'rejected',
  'handler_failed',
  'result_unknown',
  'answer_gone',
  'journal_unusable',
]);

/**
 * What the hub tells the sender when a provider has answered with an outcome. A provider cannot
 * make the hub say what only the hub knows (`offline`, `quota`, …), and a refusal of a job that was
 * delivered before does not prove that the first delivery never ran: it is not called safe to retry.
 *
 * @param outcome as the provider sent it
 * @param deliveries how often the job has been forwarded, 1 …
 */
export function outcomeFromProvider(outcome: Outcome, deliveries: number): Outcome {
  const { code, reason } = outcome;
  if (!PROVIDER_CODES.has(code))
    return { code: 'handler_failed', reason: reason || `The provider reported ${code}.`, retryAfterMs: 0 };
  if (deliveries > 1 && ERROR_TABLE[code].retrySafe) {
    return {
      code: 'not_acknowledged',
      reason: `Delivered again, the job was refused (${code}); the first delivery may have run. ${reason}`.trimEnd(),
      retryAfterMs: 0,
    };
  }
  return outcome;
}
