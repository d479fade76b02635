import type { Deliver, Headers } from '@qconn/protocol';
import type { IncomingStream } from '../body/bodies.ts';
import { Received } from '../body/received.ts';
import type { Job } from './job.ts';

/** What a handler may do to its job's exchange. */
export interface JobControl {
  readonly signal: AbortSignal;
  progress(sign: unknown): void;
  extend(ms: number): void;
}

/** What a handler is given. */
export class DeliveredJob extends Received implements Job {
  readonly from: Job['from'];
  readonly serviceType: string;
  readonly device: string;
  readonly headers: Headers;
  readonly idempotencyKey: string | undefined;
  readonly jobMs: number;
  readonly progress: Job['progress'];
  readonly extend: Job['extend'];
  readonly #control: JobControl;

  constructor(deliver: Deliver, headers: Headers, incoming: IncomingStream | undefined, control: JobControl) {
    super(deliver.body, incoming);
    this.from = deliver.from;
    this.serviceType = deliver.serviceType;
    this.device = deliver.device;
    this.headers = headers;
    this.idempotencyKey = deliver.idempotencyKey;
    this.jobMs = deliver.jobMs;
    this.progress = (sign) => control.progress(sign);
    this.extend = (ms) => control.extend(ms);
    this.#control = control;
  }

  /** Made when it is asked for: most handlers never look. */
  get signal(): AbortSignal {
    return this.#control.signal;
  }
}
