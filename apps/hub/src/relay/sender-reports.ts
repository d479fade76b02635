import type { Clock } from '@qconn/clock';
import {
  encodeOutcome,
  encodeProgress,
  encodeResponse,
  encodeStages,
  type Outcome,
  type PackedWriter,
  type Response,
  type Stage,
  type StageReport,
} from '@qconn/protocol';
import type { LiveDevice } from '@qconn/routing';
import type { ExchangeRecord, HubExchange } from './hub-exchange.ts';
import type { Peer } from './peer.ts';

/** Tells senders what becomes of their exchanges; says nothing where the sender is gone. */
export class SenderReports {
  readonly #clock: Clock;
  readonly #writer: PackedWriter;

  constructor(dependencies: { clock: Clock; writer: PackedWriter }) {
    this.#clock = dependencies.clock;
    this.#writer = dependencies.writer;
  }

  /** `accepted`, `resolved` and `forwarded` happen in one turn of the hub and travel in one frame. */
  forwarded(exchange: HubExchange, { session, name }: LiveDevice<Peer>): void {
    const { value } = exchange;
    const target = { fingerprint: session.fingerprint, hostname: session.hostname ?? '', device: name };
    const now = this.#clock.monotonic();
    this.#stages(exchange, [
      stage(value, 'accepted', value.acceptedMonotonic),
      { ...stage(value, 'resolved', now), target },
      stage(value, 'forwarded', now),
    ]);
  }

  acknowledged(exchange: HubExchange): void {
    this.#stages(exchange, [stage(exchange.value, 'acknowledged', this.#clock.monotonic())]);
  }

  progress(exchange: HubExchange, body: Uint8Array): void {
    this.#send(exchange, encodeProgress(this.#writer, exchange.requestId, body));
  }

  completed(exchange: HubExchange, response: Response): void {
    this.#stages(exchange, [stage(exchange.value, 'completed', this.#clock.monotonic())]);
    this.#send(exchange, encodeResponse(this.#writer, exchange.requestId, response));
  }

  failed(exchange: HubExchange, outcome: Outcome): void {
    const { value } = exchange;
    const failed = stage(value, 'failed', this.#clock.monotonic());
    // An exchange that was never forwarded has not had its `accepted` reported yet.
    this.#stages(
      exchange,
      value.deliveries > 0 ? [failed] : [stage(value, 'accepted', value.acceptedMonotonic), failed],
    );
    this.#send(exchange, encodeOutcome(this.#writer, exchange.requestId, outcome));
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
