import type { Clock, Timer } from '@qconn/clock';
import {
  decodeHeaders,
  decodeOutcome,
  decodeResponse,
  decodeStages,
  decodeTargets,
  encodeCancel,
  encodeRequest,
  encodeRequestAll,
  FrameType,
  outcomeError,
  QconnError,
  SENDER_EXCHANGE,
  transition,
  type Frame,
  type Headers,
  type PackedWriter,
  type Request,
  type RequestAll,
  type ResolvedTarget,
  type SenderAction,
  type SenderEvent,
  type SenderState,
  type StageReport,
} from '@qconn/protocol';
import type { FanOut } from './fan-out.ts';

/** The result of a request. */
export interface Reply {
  readonly body: Uint8Array;
  readonly headers: Headers;
  /** Every stage that the exchange went through, with the hub's times. */
  readonly stages: readonly StageReport[];
}

/** What a sender may watch and stop. */
export interface RequestObserver {
  /** Called for each stage as the hub reports it. */
  readonly onStatus?: ((report: StageReport) => void) | undefined;
  /** Called for each sign of progress that the provider gives. */
  readonly onProgress?: ((body: Uint8Array) => void) | undefined;
  /** Cancels the request; the provider's signal fires too. */
  readonly signal?: AbortSignal | undefined;
}

/** What the sender of a fan-out may watch and stop. */
export interface FanOutObserver {
  /** Called for each stage of each target's exchange; a target is unknown until its `resolved`. */
  readonly onStatus?: ((report: StageReport, target: ResolvedTarget | undefined) => void) | undefined;
  /** Called for each sign of progress that a provider gives. */
  readonly onProgress?: ((body: Uint8Array, target: ResolvedTarget | undefined) => void) | undefined;
  /** Cancels whatever has not ended. */
  readonly signal?: AbortSignal | undefined;
}

/** Where requests go out. */
export interface RequestPort {
  readonly writer: PackedWriter;
  send(id: number, frame: Uint8Array): void;
}

interface Pending {
  readonly id: number;
  state: SenderState;
  readonly stages: StageReport[];
  readonly observer: RequestObserver;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: QconnError) => void;
  readonly overdue: Timer;
  readonly onAbort: () => void;
}

/** A fan-out of which the hub has not said yet how many targets it has. */
interface Opening {
  readonly request: RequestAll;
  readonly observer: FanOutObserver;
  readonly fanOut: FanOut;
  readonly overdue: Timer;
  readonly onAbort: () => void;
  /** The caller has its word; what the hub has begun is to stop. */
  aborted: boolean;
}

/** What came with an event. */
interface Arrival {
  readonly reports?: readonly StageReport[];
  readonly progress?: Uint8Array;
  readonly reply?: Reply;
  readonly error?: QconnError;
  readonly cause?: unknown;
}

/**
 * Time beyond the resolution deadline after which a silent hub counts as lost, in milliseconds: the
 * hub reports every outcome itself, so this is only reached when the hub is at fault.
 */
const OVERDUE_SLACK_MS = 5_000;

/** The requests in flight of one session, each settled exactly once (SENDER_EXCHANGE). */
export class Requests {
  readonly #clock: Clock;
  readonly #port: RequestPort;
  readonly #pending = new Map<number, Pending>();
  readonly #opening = new Map<number, Opening>();

  constructor(dependencies: { clock: Clock; port: RequestPort }) {
    this.#clock = dependencies.clock;
    this.#port = dependencies.port;
  }

  /** Requests that wait for their final word. */
  get size(): number {
    return this.#pending.size + this.#opening.size;
  }

  /**
   * Sends a request.
   * @throws QconnError the outcome; `hub_lost` when the connection ends first
   */
  start(id: number, request: Request, observer: RequestObserver): Promise<Reply> {
    if (observer.signal?.aborted === true) return Promise.reject(cancelledBeforeSent());
    const frame = encodeRequest(this.#port.writer, id, request);
    return new Promise((resolve, reject) => {
      this.#open(id, request.resolutionMs, observer, { resolve, reject });
      this.#port.send(id, frame);
    });
  }

  /** Sends a request to many. The ids behind `id` are reserved, as many as the limit. */
  startAll(id: number, request: RequestAll, observer: FanOutObserver, fanOut: FanOut): void {
    const { signal } = observer;
    if (signal?.aborted === true) return fanOut.refuse(cancelledBeforeSent());
    const frame = encodeRequestAll(this.#port.writer, id, request);
    const onAbort = (): void => {
      opening.aborted = true;
      fanOut.refuse(new QconnError('cancelled', undefined, { cause: signal?.reason }));
    };
    const overdue = this.#clock.setTimer(request.resolutionMs + OVERDUE_SLACK_MS, () => {
      this.#opened(id, opening);
      fanOut.refuse(hubLost(undefined));
    });
    const opening: Opening = { request, observer, fanOut, overdue, onAbort, aborted: false };
    this.#opening.set(id, opening);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#port.send(id, frame);
  }

  /** Takes a Stages, Progress, Response or Outcome frame; one for a request that is over is ignored. */
  take(frame: Frame): void {
    if (frame.type === FrameType.Targets) return this.#targets(frame);
    const pending = this.#pending.get(frame.id) ?? this.#early(frame);
    if (pending === undefined) return;
    if (frame.type === FrameType.Stages) {
      const reports = decodeStages(frame);
      const acknowledged = reports.some((report) => report.stage === 'acknowledged');
      this.#step(pending, acknowledged ? 'stagesAcknowledged' : 'stages', { reports });
    } else if (frame.type === FrameType.Progress) {
      this.#step(pending, 'progress', { progress: frame.body });
    } else if (frame.type === FrameType.Response) {
      const reply = readReply(frame, pending.stages);
      if (reply instanceof QconnError) this.#step(pending, 'outcome', { error: reply });
      else this.#step(pending, 'response', { reply });
    } else {
      this.#step(pending, 'outcome', { error: outcomeError(decodeOutcome(frame)) });
    }
  }

  /** The connection is gone: whatever is in flight ends with `hub_lost`. */
  lost(cause: QconnError): void {
    for (const pending of [...this.#pending.values()]) this.#step(pending, 'connectionLost', { error: cause });
    for (const [id, opening] of [...this.#opening]) {
      this.#opened(id, opening);
      opening.fanOut.refuse(hubLost(cause));
    }
  }

  #open(
    id: number,
    resolutionMs: number,
    observer: RequestObserver,
    { resolve, reject }: Pick<Pending, 'resolve' | 'reject'>,
  ): Pending {
    const onAbort = (): void => this.#step(pending, 'abort', {});
    const overdue = this.#clock.setTimer(resolutionMs + OVERDUE_SLACK_MS, () => this.#step(pending, 'overdue', {}));
    const pending: Pending = { id, state: 'sent', stages: [], observer, resolve, reject, overdue, onAbort };
    this.#pending.set(id, pending);
    observer.signal?.addEventListener('abort', onAbort, { once: true });
    return pending;
  }

  /** A frame for an id that nobody waits for: the refusal of a fan-out, or word of a target that has overtaken Targets. */
  #early(frame: Frame): Pending | undefined {
    for (const [id, opening] of this.#opening) {
      if (frame.id === id && frame.type === FrameType.Outcome) {
        this.#opened(id, opening);
        opening.fanOut.refuse(outcomeError(decodeOutcome(frame)));
        return undefined;
      }
      const own = frame.id > id && frame.id <= id + opening.request.limit;
      if (own) return opening.aborted ? undefined : this.#member(frame.id, opening);
    }
    return undefined;
  }

  #targets(frame: Frame): void {
    const targets = decodeTargets(frame);
    const opening = this.#opening.get(frame.id);
    if (opening === undefined) return;
    if (targets.count > opening.request.limit)
      throw new QconnError('unexpected_frame', `A fan-out to at most ${opening.request.limit} has ${targets.count}.`);
    this.#opened(frame.id, opening);
    for (let id = frame.id + 1; id <= frame.id + targets.count; id += 1) {
      if (opening.aborted) this.#port.send(id, encodeCancel(this.#port.writer, id, 'cancelled'));
      else if (!opening.fanOut.has(id)) this.#member(id, opening);
    }
    opening.fanOut.begin(targets);
  }

  /** One target's exchange: from here on a request like any other, whose result goes to the fan-out. */
  #member(id: number, { request, observer, fanOut }: Opening): Pending {
    const { onStatus, onProgress, signal } = observer;
    let target: ResolvedTarget | undefined;
    fanOut.expect(id);
    return this.#open(
      id,
      request.resolutionMs,
      {
        signal,
        onStatus: (report) => {
          target = report.target ?? target;
          onStatus?.(report, target);
        },
        onProgress: onProgress && ((body) => onProgress(body, target)),
      },
      {
        resolve: (reply) => fanOut.add({ target, reply }),
        reject: (error) => fanOut.add({ target, error }),
      },
    );
  }

  #opened(id: number, { overdue, observer, onAbort }: Opening): void {
    this.#opening.delete(id);
    overdue.cancel();
    observer.signal?.removeEventListener('abort', onAbort);
  }

  #step(pending: Pending, event: SenderEvent, arrival: Arrival): void {
    const row = transition(SENDER_EXCHANGE, pending.state, event);
    if (row === undefined) return;
    pending.state = row.next;
    if (row.next === 'acknowledged' || row.next === 'done') pending.overdue.cancel();
    if (row.next === 'done') {
      this.#pending.delete(pending.id);
      pending.observer.signal?.removeEventListener('abort', pending.onAbort);
    }
    for (const action of row.actions) this.#act(pending, action, arrival);
  }

  #act(pending: Pending, action: SenderAction, arrival: Arrival): void {
    switch (action) {
      case 'reportStages':
        for (const report of arrival.reports ?? []) {
          pending.stages.push(report);
          this.#observe(pending, () => pending.observer.onStatus?.(report));
        }
        return;
      case 'reportProgress':
        return this.#observe(pending, () => pending.observer.onProgress?.(arrival.progress as Uint8Array));
      case 'resolve':
        pending.resolve(arrival.reply as Reply);
        return;
      case 'rejectOutcome':
        pending.reject(arrival.error as QconnError);
        return;
      case 'sendCancel':
        this.#port.send(pending.id, encodeCancel(this.#port.writer, pending.id, 'cancelled'));
        return;
      case 'rejectCancelled':
        pending.reject(
          new QconnError('cancelled', undefined, { cause: arrival.cause ?? pending.observer.signal?.reason }),
        );
        return;
      case 'rejectHubLost':
        pending.reject(hubLost(arrival.error));
        return;
    }
  }

  /** A callback of the caller's that throws cancels the caller's own request and harms nothing else. */
  #observe(pending: Pending, call: () => void): void {
    try {
      call();
    } catch (cause) {
      this.#step(pending, 'abort', { cause });
    }
  }
}

/** The reply, or what is wrong with its headers, which are the provider's: the hub passes them on unread. */
function readReply(frame: Frame, stages: readonly StageReport[]): Reply | QconnError {
  const { body, headers } = decodeResponse(frame);
  try {
    return { body, headers: decodeHeaders(headers), stages };
  } catch (cause) {
    return new QconnError('handler_failed', 'The provider answered with malformed headers.', { cause });
  }
}

function cancelledBeforeSent(): QconnError {
  return new QconnError('cancelled', 'The request was cancelled before it was sent.');
}

function hubLost(cause: QconnError | undefined): QconnError {
  if (cause === undefined)
    return new QconnError('hub_lost', 'The hub said nothing within the resolution deadline; the result is unknown.');
  return new QconnError(
    'hub_lost',
    `The connection to the hub was lost while the request was in flight: ${cause.message}`,
    { cause },
  );
}
