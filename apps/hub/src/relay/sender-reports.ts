import type { Clock, Timer } from '@qconn/clock';
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

/**
 * Tells senders what becomes of their exchanges; says nothing where the sender is gone. Stages are held for a few
 * milliseconds: when the answer comes by then, all of it travels together, and a fast exchange costs one packet less.
 */
export class SenderReports {
  readonly #clock: Clock;
  readonly #writer: PackedWriter;
  readonly #holdMs: number;
  /** Exchanges of which stages are held. */
  readonly #held = new Set<HubExchange>();
  #release: Timer | undefined;

  /** @param holdMs how long a stage may wait for what follows on it, in milliseconds; 0: not at all */
  constructor(dependencies: { clock: Clock; writer: PackedWriter }, { holdMs }: { readonly holdMs: number }) {
    this.#clock = dependencies.clock;
    this.#writer = dependencies.writer;
    this.#holdMs = holdMs;
  }

  /** Forgets what is held. */
  close(): void {
    this.#release?.cancel();
    this.#held.clear();
  }

  /** Only for an exchange that waits: else `accepted` is reported with what follows on it. */
  accepted(exchange: HubExchange): void {
    this.#passed(exchange, this.#begun(exchange.value));
  }

  /** `accepted`, `resolved` and `forwarded` happen in one turn of the hub and travel in one frame. */
  forwarded(exchange: HubExchange): void {
    const { value } = exchange;
    const now = value.forwardedMonotonic ?? this.#clock.monotonic();
    this.#passed(exchange, [...this.#begun(value), stage(value, 'forwarded', now)]);
  }

  acknowledged(exchange: HubExchange): void {
    this.#passed(exchange, [stage(exchange.value, 'acknowledged', this.#clock.monotonic())]);
  }

  progress(exchange: HubExchange, progress: Progress): void {
    if (this.#held.delete(exchange)) this.#stages(exchange, []);
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

  /** Stages that something will follow on. */
  #passed(exchange: HubExchange, reports: readonly StageReport[]): void {
    if (this.#holdMs === 0) return this.#stages(exchange, reports);
    exchange.value.heldStages.push(...reports);
    this.#held.add(exchange);
    this.#release ??= this.#clock.setTimer(this.#holdMs, () => this.#tellHeld());
  }

  #tellHeld(): void {
    this.#release = undefined;
    for (const exchange of this.#held) this.#stages(exchange, []);
    this.#held.clear();
  }

  /** Reports stages, behind those that are held. */
  #stages(exchange: HubExchange, reports: readonly StageReport[]): void {
    const { heldStages } = exchange.value;
    const all = heldStages.length === 0 ? reports : [...heldStages, ...reports];
    if (heldStages.length > 0) exchange.value.heldStages = [];
    this.#held.delete(exchange);
    if (exchange.sender !== undefined) this.#send(exchange, encodeStages(this.#writer, exchange.requestId, all));
  }

  #send(exchange: HubExchange, frame: Uint8Array): void {
    exchange.sender?.value.send(exchange.requestId, frame);
  }
}

/** A stage with its time by the hub's clock, steady within one exchange whatever the wall clock does. */
function stage(record: ExchangeRecord, name: Stage, monotonic: number): StageReport {
  return { stage: name, at: record.acceptedAt + (monotonic - record.acceptedMonotonic) };
}
