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

/** The stages before the last, as bits of what has passed and of what has been told. */
const ACCEPTED = 1;
const RESOLVED = 2;
const FORWARDED = 4;
const ACKNOWLEDGED = 8;

/**
 * Tells senders what becomes of their exchanges; says nothing where the sender is gone. Stages are held for a few
 * milliseconds: when the answer comes by then, all of it travels together, and a fast exchange costs one packet less.
 */
export class SenderReports {
  readonly #clock: Clock;
  readonly #writer: PackedWriter;
  readonly #holdMs: number;
  /** Exchanges of which stages are held, and such of which none are held any more. */
  #held: HubExchange[] = [];
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
    this.#held = [];
  }

  /** Only for an exchange that waits: else `accepted` is reported with what follows on it. */
  accepted(exchange: HubExchange): void {
    this.#passed(exchange, ACCEPTED);
  }

  /** `accepted`, `resolved` and `forwarded` happen in one turn of the hub and travel in one frame. */
  forwarded(exchange: HubExchange): void {
    this.#passed(exchange, ACCEPTED | RESOLVED | FORWARDED);
  }

  acknowledged(exchange: HubExchange): void {
    this.#passed(exchange, ACKNOWLEDGED);
  }

  progress(exchange: HubExchange, progress: Progress): void {
    this.#tell(exchange);
    this.#send(exchange, encodeProgress(this.#writer, exchange.requestId, progress));
  }

  completed(exchange: HubExchange, response: Response): void {
    this.#tell(exchange, 'completed');
    this.#send(exchange, encodeResponse(this.#writer, exchange.requestId, response));
  }

  failed(exchange: HubExchange, outcome: Outcome): void {
    exchange.value.stagesPassed |= ACCEPTED | (exchange.value.target === undefined ? 0 : RESOLVED);
    this.#tell(exchange, 'failed');
    this.#send(exchange, encodeOutcome(this.#writer, exchange.requestId, outcome));
  }

  /** Stages that something will follow on. */
  #passed(exchange: HubExchange, stages: number): void {
    const { value } = exchange;
    const held = value.stagesPassed !== value.stagesTold;
    value.stagesPassed |= stages;
    if (this.#holdMs === 0) return this.#tell(exchange);
    if (!held) this.#held.push(exchange);
    this.#release ??= this.#clock.setTimer(this.#holdMs, () => this.#tellHeld());
  }

  #tellHeld(): void {
    this.#release = undefined;
    const held = this.#held;
    this.#held = [];
    for (const exchange of held) this.#tell(exchange);
  }

  /** Tells of the stages that have passed and have not been told. @param last the one that ends the exchange */
  #tell(exchange: HubExchange, last?: 'completed' | 'failed'): void {
    const { value, sender } = exchange;
    const untold = value.stagesPassed & ~value.stagesTold;
    value.stagesTold = value.stagesPassed;
    if (sender === undefined || (untold === 0 && last === undefined)) return;
    const now = this.#clock.monotonic();
    const { acceptedMonotonic, forwardedMonotonic = now, acknowledgedMonotonic = now, target } = value;
    const reports: StageReport[] = [];
    if ((untold & ACCEPTED) !== 0) reports.push(stage(value, 'accepted', acceptedMonotonic));
    if ((untold & RESOLVED) !== 0) reports.push(stage(value, 'resolved', forwardedMonotonic, target));
    if ((untold & FORWARDED) !== 0) reports.push(stage(value, 'forwarded', forwardedMonotonic));
    if ((untold & ACKNOWLEDGED) !== 0) reports.push(stage(value, 'acknowledged', acknowledgedMonotonic));
    if (last !== undefined) reports.push(stage(value, last, now));
    this.#send(exchange, encodeStages(this.#writer, exchange.requestId, reports));
  }

  #send(exchange: HubExchange, frame: Uint8Array): void {
    exchange.sender?.value.send(exchange.requestId, frame);
  }
}

/** A stage with its time by the hub's clock, steady within one exchange whatever the wall clock does. */
function stage(record: ExchangeRecord, name: Stage, monotonic: number, target?: StageReport['target']): StageReport {
  return { stage: name, at: record.acceptedAt + (monotonic - record.acceptedMonotonic), target };
}
