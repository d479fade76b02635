import { DeadlineAlarm, type Clock } from '@qconn/clock';
import {
  DEADLINE_MAX_MS,
  encodeCancel,
  HUB_EXCHANGE,
  HUB_FAILURES,
  outcomeFromProvider,
  transition,
  type ErrorCode,
  type HubAction,
  type HubEvent,
  type Outcome,
  type PackedWriter,
  type Progress,
  type Response,
} from '@qconn/protocol';
import type { ExchangeTable } from '@qconn/routing';
import { failureReason } from './failure-reason.ts';
import type { HubFrameMemory } from './frame-memory.ts';
import type { ExchangeRecord, HubExchange } from './hub-exchange.ts';
import type { Peer } from './peer.ts';
import { SenderReports } from './sender-reports.ts';
import { Shelves, type Shelf } from './shelves.ts';

/** What running exchanges takes. */
export interface RunnerDependencies {
  readonly clock: Clock;
  readonly writer: PackedWriter;
  readonly memory: HubFrameMemory;
  /** How long a stage may wait for what follows on it, in milliseconds. */
  readonly stageHoldMs: number;
  readonly exchanges: ExchangeTable<Peer, ExchangeRecord>;
  /** Told of every exchange that ends, for metrics and the log; `sender_lost` when nobody was left to tell. */
  readonly onEnded: (exchange: HubExchange, outcome: ErrorCode | 'completed') => void;
  /** Told of every answer's body that is written to its sender. */
  readonly onRelayed: (kind: 'response', bytes: number) => void;
}

/** What arrives with an event, decoded: once a step has begun, nothing that a peer sent can break it off. */
export interface Arrival {
  readonly progress?: Progress;
  readonly extendMs?: number;
  readonly response?: Response;
  readonly outcome?: Outcome;
  /** Why the hub fails it, where that says more than the code does. */
  readonly reason?: string;
  /** Why the target is told to stop. */
  readonly cancelCode?: ErrorCode;
}

/**
 * Bytes that may wait for targets to appear, over all senders: each exchange counts its body and
 * {@link WAITING_OVERHEAD_BYTES}. Past that a sender that asks to wait is told at once that there is no target.
 */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** What an exchange takes beside its body. */
const WAITING_OVERHEAD_BYTES = 1024;

/** Moves exchanges from state to state as HUB_EXCHANGE says, and does what goes with each move. */
export class ExchangeRunner {
  readonly #dependencies: RunnerDependencies;
  readonly #reports: SenderReports;
  readonly #alarm: DeadlineAlarm;
  readonly #shelves = new Shelves();
  #waitingBytes = 0;

  constructor(dependencies: RunnerDependencies) {
    this.#dependencies = dependencies;
    this.#reports = new SenderReports(dependencies, { holdMs: dependencies.stageHoldMs });
    this.#alarm = new DeadlineAlarm(dependencies.clock, () => this.#expire());
  }

  /** Something has happened to an exchange. An event that comes too late changes nothing. */
  step(exchange: HubExchange, event: HubEvent, arrival: Arrival = {}): void {
    const { value } = exchange;
    const row = transition(HUB_EXCHANGE, value.state, event);
    if (row === undefined) return;
    if (row.next !== value.state) this.#leave(exchange);
    value.state = row.next;
    for (const action of row.actions) this.#act(exchange, action, arrival);
    if (row.next === 'waiting') this.#wait(exchange);
    if (row.next === 'orphaned' && value.shelf === undefined)
      this.#shelves.put(exchange, `left ${exchange.senderFingerprint}`);
    if (row.next === 'done') this.#end(exchange, row.actions);
  }

  /** Sets an exchange's deadline, in place of the one that it had. @param at monotonic milliseconds */
  schedule(exchange: HubExchange, at: number): void {
    this.#dependencies.exchanges.schedule(exchange, at);
    this.#alarm.noLaterThan(at);
  }

  /**
   * Keeps an exchange without a target until its resolution deadline, for its sender asked to wait.
   * @param why there is no target now
   * @returns false when too much waits already: then nothing was done
   */
  awaitTarget(exchange: HubExchange, shelf: Shelf, why: Outcome): boolean {
    const { value } = exchange;
    if (value.unresolved === undefined) {
      if (this.#waitingBytes + waitingBytes(exchange) > WAITING_BYTES_MAX) return false;
      this.#waitingBytes += waitingBytes(exchange);
      this.#shelves.put(exchange, shelf);
      this.#reports.accepted(exchange);
    }
    value.unresolved = why;
    return true;
  }

  /** What waits on a shelf. */
  on(shelf: Shelf): HubExchange[] {
    return this.#shelves.on(shelf);
  }

  /** Machines that are not connected and have left exchanges behind. */
  absentees(): Set<string> {
    return this.#shelves.absentees();
  }

  /** A piece of the request's body has reached its target: the job deadline starts again, unless it is later already. */
  bodyMoved(exchange: HubExchange): void {
    const { state, jobMs, extendNoLaterThan } = exchange.value;
    if (state !== 'acknowledged' && state !== 'orphaned') return;
    const at = Math.min(this.#dependencies.clock.monotonic() + jobMs, extendNoLaterThan);
    if (at > (exchange.deadline?.at ?? 0)) this.schedule(exchange, at);
  }

  close(): void {
    this.#reports.close();
    this.#alarm.cancel();
  }

  #act(exchange: HubExchange, action: HubAction, arrival: Arrival): void {
    switch (action) {
      case 'reportForwarded':
        return this.#reports.forwarded(exchange);
      case 'reportAcknowledged':
        exchange.value.acknowledgedMonotonic = this.#dependencies.clock.monotonic();
        return this.#reports.acknowledged(exchange);
      case 'relayProgress':
        return this.#reports.progress(exchange, arrival.progress as Progress);
      case 'relayResponse':
        return this.#complete(exchange, arrival.response as Response);
      case 'relayOutcome':
        return this.#fail(exchange, outcomeFromProvider(arrival.outcome as Outcome, exchange.value.deliveries));
      case 'failUnresolved':
        return this.#fail(exchange, arrival.outcome ?? exchange.value.unresolved ?? OFFLINE);
      case 'armJobDeadline':
        return this.#armJobDeadline(exchange);
      case 'extendJobDeadline':
        return this.#extendJobDeadline(exchange, arrival.extendMs as number);
      case 'cancelTarget':
        return this.#cancelTarget(exchange, arrival.cancelCode ?? 'deadline_exceeded');
      default: {
        const code = HUB_FAILURES[action];
        const reason = arrival.reason ?? failureReason(exchange.value, code);
        return this.#fail(exchange, { code, reason, retryAfterMs: 0 });
      }
    }
  }

  /** Whose sender is gone ends without a word to anybody; it is counted all the same. */
  #end(exchange: HubExchange, actions: readonly HubAction[]): void {
    if (!actions.some(isFinalWord)) this.#dependencies.onEnded(exchange, 'sender_lost');
    this.#letGo(exchange);
    this.#dependencies.exchanges.close(exchange);
  }

  #letGo({ value }: HubExchange): void {
    if (value.held !== undefined) this.#dependencies.memory.letGo(value.held);
    value.held = undefined;
  }

  #complete(exchange: HubExchange, response: Response): void {
    exchange.value.responseBytes = response.body.length;
    this.#reports.completed(exchange, response);
    this.#dependencies.onRelayed('response', response.body.length);
    this.#dependencies.onEnded(exchange, 'completed');
  }

  #fail(exchange: HubExchange, outcome: Outcome): void {
    this.#reports.failed(exchange, outcome);
    this.#dependencies.onEnded(exchange, outcome.code);
  }

  #armJobDeadline(exchange: HubExchange): void {
    const { value } = exchange;
    const now = this.#dependencies.clock.monotonic();
    // Acknowledged or without a sender, it is never forwarded again.
    this.#letGo(exchange);
    value.extendNoLaterThan = now + DEADLINE_MAX_MS;
    this.schedule(exchange, now + value.jobMs);
  }

  #extendJobDeadline(exchange: HubExchange, ms: number): void {
    const wanted = this.#dependencies.clock.monotonic() + ms;
    this.schedule(exchange, Math.min(wanted, exchange.value.extendNoLaterThan));
  }

  #cancelTarget(exchange: HubExchange, code: ErrorCode): void {
    exchange.target?.session.value.send(exchange.id, encodeCancel(this.#dependencies.writer, exchange.id, code));
  }

  #wait(exchange: HubExchange): void {
    const { target } = exchange;
    if (target === undefined) return;
    this.#dependencies.exchanges.unassign(exchange);
    exchange.value.waitingFor = { device: target.name, instance: target.session.value.instance };
    this.#shelves.put(exchange, `back ${target.session.fingerprint}`);
  }

  #leave(exchange: HubExchange): void {
    this.#shelves.take(exchange);
    if (exchange.value.state === 'resolving' && exchange.value.unresolved !== undefined)
      this.#waitingBytes -= waitingBytes(exchange);
  }

  /** @returns the monotonic time of the next deadline */
  #expire(): number | undefined {
    const { clock, exchanges } = this.#dependencies;
    const now = clock.monotonic();
    for (let due = exchanges.popDue(now); due !== undefined; due = exchanges.popDue(now)) {
      const running = due.value.state === 'acknowledged' || due.value.state === 'orphaned';
      this.step(due, running ? 'jobDeadline' : 'resolutionDeadline');
    }
    return exchanges.nextDeadline;
  }
}

function isFinalWord(action: HubAction): boolean {
  return (
    action === 'relayResponse' || action === 'relayOutcome' || action === 'failUnresolved' || action in HUB_FAILURES
  );
}

const OFFLINE: Outcome = { code: 'offline', reason: '', retryAfterMs: 0 };

function waitingBytes({ value }: HubExchange): number {
  return WAITING_OVERHEAD_BYTES + (value.held?.request.body.length ?? 0);
}
