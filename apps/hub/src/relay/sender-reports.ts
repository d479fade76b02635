import type { Clock, Timer } from '@qconn/clock';
import {
  encodeOutcome,
  encodeProgress,
  encodeResponse,
  encodeStages,
  stageBit,
  STAGES,
  type Outcome,
  type PackedWriter,
  type Progress,
  type ResolvedTarget,
  type Response,
  type StageSet,
} from '@qconn/protocol';
import type { ExchangeTable } from '@qconn/routing';
import type { ExchangeRecord, HubExchange } from './hub-exchange.ts';
import type { Peer } from './peer.ts';

/** The stages, as bits of what has passed and of what has been told. */
const ACCEPTED = stageBit('accepted');
const RESOLVED = stageBit('resolved');
const FORWARDED = stageBit('forwarded');
const ACKNOWLEDGED = stageBit('acknowledged');
const COMPLETED = stageBit('completed');
const FAILED = stageBit('failed');

/** What telling senders takes. */
export interface ReportDependencies {
  readonly clock: Clock;
  readonly writer: PackedWriter;
  readonly exchanges: Pick<ExchangeTable<Peer, ExchangeRecord>, 'get'>;
}

/**
 * Tells senders what becomes of their exchanges; says nothing where the sender is gone. Stages are held for a few
 * milliseconds: when the answer comes by then, all of it travels in one frame, and a fast exchange costs one packet less.
 */
export class SenderReports {
  readonly #clock: Clock;
  readonly #writer: PackedWriter;
  readonly #holdMs: number;
  readonly #exchanges: Pick<ExchangeTable<Peer, ExchangeRecord>, 'get'>;
  /**
   * The numbers of exchanges that have stages held, and of some that have none any more. Numbers, since exchanges that are kept
   * for a few milliseconds beyond their end are promoted by V8, and so is much of what is allocated beside them.
   */
  #held: number[] = [];
  #release: Timer | undefined;
  /** What is about to be told: used again each time, since it is written down at once. */
  readonly #told: { mask: number; readonly times: Float64Array; target: ResolvedTarget | undefined } = {
    mask: 0,
    times: new Float64Array(STAGES.length),
    target: undefined,
  };

  /** @param holdMs how long a stage may wait for what follows on it, in milliseconds; 0: not at all */
  constructor(dependencies: ReportDependencies, { holdMs }: { readonly holdMs: number }) {
    this.#exchanges = dependencies.exchanges;
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
    if (exchange.sender === undefined) return;
    const stages = this.#untold(exchange, COMPLETED);
    this.#send(exchange, encodeResponse(this.#writer, exchange.requestId, response, stages));
  }

  failed(exchange: HubExchange, outcome: Outcome): void {
    exchange.value.stagesPassed |= ACCEPTED | (exchange.value.target === undefined ? 0 : RESOLVED);
    if (exchange.sender === undefined) return;
    const stages = this.#untold(exchange, FAILED);
    this.#send(exchange, encodeOutcome(this.#writer, exchange.requestId, outcome, stages));
  }

  /** Stages that something will follow on. */
  #passed(exchange: HubExchange, stages: number): void {
    const { value } = exchange;
    const held = value.stagesPassed !== value.stagesTold;
    value.stagesPassed |= stages;
    if (this.#holdMs === 0) return this.#tell(exchange);
    if (!held) this.#held.push(exchange.id);
    this.#release ??= this.#clock.setTimer(this.#holdMs, () => this.#tellHeld());
  }

  #tellHeld(): void {
    this.#release = undefined;
    const held = this.#held;
    this.#held = [];
    for (const id of held) {
      const exchange = this.#exchanges.get(id);
      if (exchange !== undefined) this.#tell(exchange);
    }
  }

  /** Tells of the stages that have passed and have not been told. */
  #tell(exchange: HubExchange): void {
    const { value, sender } = exchange;
    if (sender === undefined || value.stagesPassed === value.stagesTold) return;
    this.#send(exchange, encodeStages(this.#writer, exchange.requestId, this.#untold(exchange)));
  }

  /**
   * The stages that have passed and have not been told; from now on they count as told. Their times are of the hub's clock, and
   * steady within one exchange whatever the wall clock does.
   * @param last the one that ends the exchange
   */
  #untold({ value }: HubExchange, last = 0): StageSet {
    const told = this.#told;
    const { times } = told;
    const { acceptedAt, acceptedMonotonic } = value;
    const now = this.#clock.monotonic();
    const { forwardedMonotonic = now, acknowledgedMonotonic = now } = value;
    told.mask = (value.stagesPassed & ~value.stagesTold) | last;
    told.target = value.target;
    value.stagesTold = value.stagesPassed;
    // By the stages' numbers.
    times[0] = acceptedAt;
    times[1] = acceptedAt + (forwardedMonotonic - acceptedMonotonic);
    times[2] = times[1];
    times[3] = acceptedAt + (acknowledgedMonotonic - acceptedMonotonic);
    times[4] = acceptedAt + (now - acceptedMonotonic);
    times[5] = times[4];
    return told;
  }

  #send(exchange: HubExchange, frame: Uint8Array): void {
    exchange.sender?.value.send(exchange.requestId, frame);
  }
}
