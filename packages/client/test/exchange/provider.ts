import { ManualClock } from '@qconn/clock';
import { encodeCancel, encodeDeliver, PackedWriter, type Deliver, type ErrorCode } from '@qconn/protocol';
import type { Handler } from '../../src/exchange/job.ts';
import { Jobs, type JobHistory } from '../../src/exchange/jobs.ts';
import type { OverdueReport } from '../../src/exchange/overdue-jobs.ts';
import type { RequestPort } from '../../src/exchange/request-port.ts';
import { frameOf, RecordingPort } from './recording-port.ts';

const DELIVER: Deliver = {
  from: { fingerprint: 'qc1lims', hostname: 'lims' },
  serviceType: 'print',
  device: 'zebra-1',
  jobMs: 30_000,
  idempotencyKey: undefined,
  redelivered: false,
  inquiry: false,
  headers: new Uint8Array(0),
  body: new Uint8Array(0),
};
const EPOCH = 'first run of the hub';
const writer = new PackedWriter();

/** A program that provides `zebra-1` for `print`, with a hub's frames at hand. */
export class Provider {
  readonly clock: ManualClock = new ManualClock();
  readonly port: RecordingPort = new RecordingPort();
  readonly jobs: Jobs;
  readonly overdue: OverdueReport[] = [];

  constructor(handler: Handler, { concurrency = 64, history }: { concurrency?: number; history?: JobHistory } = {}) {
    this.jobs = new Jobs({ clock: this.clock, overdue: (report) => this.overdue.push(report), history });
    this.jobs.add({ device: 'zebra-1', serviceTypes: ['print'], concurrency, handler });
  }

  deliver(id: number, deliver: Partial<Deliver> = {}, port: RequestPort = this.port, epoch = EPOCH): void {
    this.jobs.deliver(frameOf(encodeDeliver(writer, id, { ...DELIVER, ...deliver })), epoch, port);
  }

  cancel(id: number, code: ErrorCode, port: RequestPort = this.port): void {
    this.jobs.cancel(frameOf(encodeCancel(writer, id, code)), port);
  }

  /** Resolves when no more than so many handlers run. */
  async running(atMost: number): Promise<void> {
    // At least one turn: what follows on the end of a handler is done by then.
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.jobs.size > atMost);
  }
}
