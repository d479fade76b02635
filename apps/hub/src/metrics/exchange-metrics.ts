import type { Clock } from '@qconn/clock';
import { ERROR_TABLE, type ErrorCode } from '@qconn/protocol';
import type { Registry } from 'prom-client';
import type { HubExchange } from '../relay/hub-exchange.ts';
import { StageLatency } from './stage-latency.ts';
import { Tally } from './tally.ts';

/** Outcomes of exchanges have the numbers below this in the error table. */
const OUTCOMES_END = 0x40;

/** How a job may have ended, as a provider says when it is asked: the inquiry itself has come off. */
const REPORTS: ReadonlySet<string> = new Set(['handler_failed', 'answer_gone', 'result_unknown'] satisfies ErrorCode[]);

/** What becomes of messages. Called for each of them, so nothing here allocates. */
export class ExchangeMetrics {
  readonly #clock: Clock;
  readonly #outcomes: Tally<ErrorCode | 'completed'>;
  readonly #latency: StageLatency<'forwarded' | 'acknowledged' | 'completed'>;
  readonly #bytes: Tally<'request' | 'response'>;

  constructor(registry: Registry, clock: Clock) {
    this.#clock = clock;
    const outcomes = (Object.keys(ERROR_TABLE) as ErrorCode[]).filter((code) => ERROR_TABLE[code].wire < OUTCOMES_END);
    this.#outcomes = new Tally(registry, {
      name: 'qconn_exchanges_total',
      help: 'Exchanges that have ended, by outcome: completed, or an error code',
      label: 'outcome',
      keys: ['completed', ...outcomes],
    });
    this.#latency = new StageLatency(registry, {
      name: 'qconn_exchange_stage_seconds',
      help: 'Time from the acceptance of an exchange to a later stage, counted when it ends',
      stages: ['forwarded', 'acknowledged', 'completed'],
    });
    this.#bytes = new Tally(registry, {
      name: 'qconn_relayed_bytes_total',
      help: 'Bytes of bodies that were written to their receivers, by what they are',
      label: 'kind',
      keys: ['request', 'response'],
    });
  }

  /** A request was turned away before it became an exchange. */
  refused(code: ErrorCode): void {
    this.#outcomes.add(code);
  }

  relayed(kind: 'request' | 'response', bytes: number): void {
    this.#bytes.add(kind, bytes);
  }

  ended({ value }: HubExchange, outcome: ErrorCode | 'completed'): void {
    const { acceptedMonotonic, forwardedMonotonic, acknowledgedMonotonic } = value;
    const completed = outcome === 'completed' || (value.inquiry && REPORTS.has(outcome));
    this.#outcomes.add(completed ? 'completed' : outcome);
    if (forwardedMonotonic !== undefined) this.#latency.observe('forwarded', forwardedMonotonic - acceptedMonotonic);
    if (acknowledgedMonotonic !== undefined)
      this.#latency.observe('acknowledged', acknowledgedMonotonic - acceptedMonotonic);
    if (completed) this.#latency.observe('completed', this.#clock.monotonic() - acceptedMonotonic);
  }
}
