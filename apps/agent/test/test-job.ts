import { BodyStream, type Job } from '@qconn/client';

/** A job as the client hands it over, with the parts that a test cares about. */
export function testJob(parts: Partial<Omit<Job, 'body'>> & { readonly body?: Uint8Array | string } = {}): Job {
  const { body: content = '', ...rest } = parts;
  const body = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return {
    from: { fingerprint: 'qc1sender', hostname: 'lims' },
    serviceType: 'print',
    device: 'zebra-1',
    headers: {},
    idempotencyKey: undefined,
    jobMs: 30_000,
    signal: new AbortController().signal,
    progress: () => {},
    extend: () => {},
    streamed: false,
    stream: BodyStream.of(body),
    ...rest,
    body,
  };
}

/** What a promise rejects with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('It did not reject.');
}
