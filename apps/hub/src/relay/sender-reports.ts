import type { Clock } from '@qconn/clock';
import {
  encodeOutcome,
  encodeProgress,
  encodeResponse,
  encodeStages,
  type Outcome,
  type PackedWriter,
  type Progress,
  type Response,
  type Stage,
  type StageReport,
} from '@qconn/protocol';
import type { ExchangeRecord, HubExchange } from './hub-exchange.ts';

/** Tells senders what becomes of their exchanges; says nothing where the sender is gone. */
export class SenderReports {
  readonly #clock: Clock;
  readonly #writer: PackedWriter;

  constructor(dependencies: { clock: Clock; writer: PackedWriter }) {
    this.#clock = dependencies.clock;
    this.#writer = dependencies.writer;
  }

  /** Only for an exchange that waits: else `accepted` is reported with what follows on it. */
  accepted(exchange: HubExchange): void {
    this.#stages(exchange, this.#begun(exchange.value));
  }

  /** `accepted`, `resolved` and `forwarded` happen in one turn of the hub and travel in one frame. */
  forwarded(exchange: HubExchange): void {
    const { value } = exchange;
    const now = value.forwardedMonotonic ?? this.#clock.monotonic();
    this.#stages(exchange, [...this.#begun(value), stage(value, 'forwarded', now)]);
  }

  acknowledged(exchange: HubExchange): void {
    this.#stages(exchange, [stage(exchange.value, 'acknowledged', this.#clock.monotonic())]);
  }

  progress(exchange: HubExchange, progress: Progress): void {
    this.#send(exchange, encodeProgress(this.#writer, exchange.requestId, progress));
  }

  completed(exchange: HubExchange, response: Response): void {
    this.#stages(exchange, [stage(exchange.value, 'completed', this.#clock.monotonic())]);
    this.#send(exchange, encodeResponse(this.#writer, exchange.requestId, response));
  }

  failed(exchange: HubExchange, outcome: Outcome): void {
    const { value } = exchange;
    const failed = stage(value, 'failed', this.#clock.monotonic());
    this.#stages(exchange, value.deliveries > 0 ? [failed] : [...this.#begun(value), failed]);
    this.#send(exchange, encodeOutcome(this.#writer, exchange.requestId, outcome));
  }

  /** What comes before `forwarded` and has not been reported. */
  #begun(value: ExchangeRecord): StageReport[] {
    const reports: StageReport[] = [];
    if (!value.acceptedReported) reports.push(stage(value, 'accepted', value.acceptedMonotonic));
    value.acceptedReported = true;
    const { target } = value;
    if (target !== undefined)
      reports.push({ ...stage(value, 'resolved', value.forwardedMonotonic ?? this.#clock.monotonic()), target });
    return reports;
  }

  #stages(exchange: HubExchange, reports: readonly StageReport[]): void {
    if (exchange.sender !== undefined) this.#send(exchange, encodeStages(this.#writer, exchange.requestId, reports));
  }

  #send(exchange: HubExchange, frame: Uint8Array): void {
    exchange.sender?.value.send(exchange.requestId, frame);
  }
}

/** A stage with its time by the hub's clock, steady within one exchange whatever the wall clock does. */
function stage(record: ExchangeRecord, name: Stage, monotonic: number): StageReport {
  return { stage: name, at: record.acceptedAt + (monotonic - record.acceptedMonotonic) };
}
