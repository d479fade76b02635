import type { Job } from '@qconn/client';

/** What an adapter tells its counterpart about a job beside the body. All of it is vouched for by the hub but the last two. */
export interface JobFacts {
  readonly from: string;
  readonly 'from-hostname': string;
  readonly 'service-type': string;
  readonly device: string;
  readonly 'idempotency-key': string;
  readonly 'content-type': string;
}

/** Facts that a job does not have are empty; control characters are left out, for they would end a line or a string. */
export function jobFacts({ from, serviceType, device, idempotencyKey = '', headers }: Job): JobFacts {
  return {
    from: from.fingerprint,
    'from-hostname': from.hostname ?? '',
    'service-type': serviceType,
    device,
    'idempotency-key': printable(idempotencyKey),
    'content-type': printable(headers['content-type'] ?? ''),
  };
}

function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '');
}
