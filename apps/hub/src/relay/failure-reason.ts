import type { ErrorCode } from '@qconn/protocol';
import type { ExchangeRecord } from './hub-exchange.ts';

/**
 * What the hub says of an exchange that it ends by itself: which machine and device did not do what.
 * @returns empty where the code says it all
 */
export function failureReason({ target, jobMs }: Pick<ExchangeRecord, 'target' | 'jobMs'>, code: ErrorCode): string {
  if (target === undefined) return '';
  const whose = `${target.hostname ?? target.fingerprint}/${target.device}`;
  switch (code) {
    case 'not_acknowledged':
      return `${whose} did not acknowledge it within the resolution deadline.`;
    case 'deadline_exceeded':
      return `${whose} acknowledged it, and gave no result within the job deadline (jobMs was ${jobMs}); the result is unknown.`;
    case 'target_lost':
      return `${whose} acknowledged it, then the connection to it was lost; the result is unknown.`;
    default:
      return '';
  }
}
