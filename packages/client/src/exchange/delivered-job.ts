import type { Deliver, Headers } from '@qconn/protocol';
import type { BodyStream } from '../body/body-stream.ts';
import type { Received } from '../body/received.ts';
import type { Job } from './job.ts';

/** What a handler may do to its job's exchange. */
export interface JobControl {
  readonly signal: AbortSignal;
  progress(sign: unknown): void;
  extend(ms: number): void;
}

/**
 * What a handler is given. What few handlers look at is made when it is asked for. Its own parts are not `#private`, for
 * whoever wraps a handler may pass on a job that inherits from this one.
 */
export class DeliveredJob implements Job {
  readonly from: Job['from'];
  readonly serviceType: string;
  readonly device: string;
  readonly headers: Headers;
  readonly idempotencyKey: string | undefined;
  readonly jobMs: number;
  readonly progress: Job['progress'];
  readonly extend: Job['extend'];
  private readonly received: Received;
  private readonly control: JobControl;

  constructor(deliver: Deliver, headers: Headers, received: Received, control: JobControl) {
    this.from = deliver.from;
    this.serviceType = deliver.serviceType;
    this.device = deliver.device;
    this.headers = headers;
    this.idempotencyKey = deliver.idempotencyKey;
    this.jobMs = deliver.jobMs;
    this.progress = (sign) => control.progress(sign);
    this.extend = (ms) => control.extend(ms);
    this.received = received;
    this.control = control;
  }

  get body(): Uint8Array {
    return this.received.body;
  }

  get streamed(): boolean {
    return this.received.streamed;
  }

  get stream(): BodyStream {
    return this.received.stream;
  }

  get signal(): AbortSignal {
    return this.control.signal;
  }
}
