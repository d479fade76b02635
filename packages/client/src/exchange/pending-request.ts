import type { Clock } from '@qconn/clock';
import {
  encodeCancel,
  QconnError,
  SENDER_EXCHANGE,
  transition,
  type FinalResponse,
  type IdMap,
  type PassedStages,
  type Progress,
  type RequestCredit,
  type SenderAction,
  type SenderEvent,
  type SenderState,
} from '@qconn/protocol';
import type { AwaitedWord, Awaiting, HubSilence } from './hub-silence.ts';
import { readReply, type Reply } from './reply.ts';
import { hubLost } from './request-failure.ts';
import { reportProgress, type RequestObserver } from './request-observer.ts';
import type { RequestPort } from './request-port.ts';

const NO_STAGES: readonly PassedStages[] = [];

/** What the requests of one session have in common. */
export interface RequestDesk {
  readonly clock: Clock;
  readonly port: RequestPort;
  readonly credit: RequestCredit;
  readonly silence: HubSilence;
  /** Those that wait for their final word. */
  readonly pending: IdMap<PendingRequest>;
}

/** Whoever waits for the final word: one of the two is called, once. */
export interface Settlement {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: QconnError) => void;
}

/** How a request is begun. */
export interface PendingOptions {
  /** Monotonic milliseconds. */
  readonly now: number;
  readonly resolutionMs: number;
  readonly observer: RequestObserver;
  /** Its body is one that the hub may ask for. */
  readonly streams: boolean;
}

/** What came with an event. */
export interface Arrival {
  readonly stages?: PassedStages;
  readonly progress?: Progress;
  readonly reply?: Reply;
  readonly error?: QconnError;
  readonly cause?: unknown;
}

/** One exchange at its sender (SENDER_EXCHANGE), from when it is sent to its one final word. */
export class PendingRequest implements Awaiting {
  readonly id: number;
  readonly #desk: RequestDesk;
  readonly #observer: RequestObserver;
  readonly #settlement: Settlement;
  readonly #streams: boolean;
  #state: SenderState = 'sent';
  /** The stages that the hub has told of. */
  #stages: readonly PassedStages[] = NO_STAGES;
  #overdue: AwaitedWord | undefined;
  #onAbort: (() => void) | undefined;

  constructor(desk: RequestDesk, id: number, options: PendingOptions, settlement: Settlement) {
    this.id = id;
    this.#desk = desk;
    this.#observer = options.observer;
    this.#settlement = settlement;
    this.#streams = options.streams;
    desk.pending.set(id, this);
    desk.credit.sent();
    this.#overdue = desk.silence.await(options.now, options.resolutionMs, this);
    const { signal } = options.observer;
    if (signal === undefined) return;
    this.#onAbort = () => this.step('abort', {});
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  overdue(): void {
    this.step('overdue', {});
  }

  /** The hub tells of stages. */
  passed(stages: PassedStages): void {
    this.step(stages.has('acknowledged') ? 'stagesAcknowledged' : 'stages', { stages });
  }

  /** The hub passes on the answer, and says which stages have passed by then. */
  answered(response: FinalResponse): void {
    const before = this.#stages;
    // Whoever watches the stages learns of them before the answer is there, as if they had come in a frame of their own.
    if (response.stages !== undefined && this.#observer.onStatus !== undefined) this.passed(response.stages);
    if (this.#state === 'done') return;
    const reply = readReply(this.id, response, this.#desk.port.bodies, before);
    if (reply instanceof QconnError) this.step('outcome', { error: reply });
    else this.step('response', { reply });
  }

  /** Something has happened to it. What comes too late changes nothing. */
  step(event: SenderEvent, arrival: Arrival): void {
    const row = transition(SENDER_EXCHANGE, this.#state, event);
    if (row === undefined) return;
    if (this.#state === 'sent') this.#desk.credit.heard();
    this.#state = row.next;
    if (this.#overdue !== undefined && (row.next === 'acknowledged' || row.next === 'done')) {
      this.#desk.silence.heard(this.#overdue);
      this.#overdue = undefined;
    }
    if (row.next === 'done') this.#leave(arrival);
    for (const action of row.actions) this.#act(action, arrival);
  }

  #leave({ reply }: Arrival): void {
    const { pending, port } = this.#desk;
    pending.delete(this.id);
    // A streamed answer may begin before the request's body has been read: it goes on until that ends.
    if (this.#streams && reply?.streamed !== true) port.bodies.withdraw({ kind: 'request', id: this.id });
    if (this.#onAbort !== undefined) this.#observer.signal?.removeEventListener('abort', this.#onAbort);
  }

  #act(action: SenderAction, arrival: Arrival): void {
    switch (action) {
      case 'reportStages':
        return this.#reportStages(arrival.stages as PassedStages);
      case 'reportProgress':
        return this.#observe(() => reportProgress(this.#observer, arrival.progress as Progress));
      case 'resolve':
        return this.#settlement.resolve(arrival.reply as Reply);
      case 'rejectOutcome':
        return this.#settlement.reject(arrival.error as QconnError);
      case 'sendCancel':
        return this.#desk.port.send(this.id, encodeCancel(this.#desk.port.writer, this.id, 'cancelled'));
      case 'rejectCancelled': {
        const cause = arrival.cause ?? this.#observer.signal?.reason;
        return this.#settlement.reject(new QconnError('cancelled', undefined, { cause }));
      }
      case 'rejectHubLost':
        return this.#settlement.reject(hubLost(arrival.error));
    }
  }

  #reportStages(stages: PassedStages): void {
    this.#stages = [...this.#stages, stages];
    const { onStatus } = this.#observer;
    if (onStatus === undefined) return;
    for (const report of stages.reports) this.#observe(() => onStatus.call(this.#observer, report));
  }

  /** A callback of the caller's that throws cancels the caller's own request and harms nothing else. */
  #observe(call: () => void): void {
    try {
      call();
    } catch (cause) {
      this.step('abort', { cause });
    }
  }
}
