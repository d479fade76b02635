import type { Clock, Timer } from '@qconn/clock';
import {
  decodeHeaders,
  decodeOutcome,
  decodeResponse,
  decodeStages,
  encodeCancel,
  encodeRequest,
  FrameType,
  outcomeError,
  QconnError,
  SENDER_EXCHANGE,
  transition,
  type Frame,
  type Headers,
  type PackedWriter,
  type Request,
  type SenderAction,
  type SenderEvent,
  type SenderState,
  type StageReport,
} from '@qconn/protocol';

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

  constructor(dependencies: { clock: Clock; port: RequestPort }) {
    this.#clock = dependencies.clock;
    this.#port = dependencies.port;
  }

  /** Requests that wait for their final word. */
  get size(): number {
    return this.#pending.size;
  }

  /**
   * Sends a request.
   * @throws QconnError the outcome; `hub_lost` when the connection ends first
   */
  start(id: number, request: Request, observer: RequestObserver): Promise<Reply> {
    if (observer.signal?.aborted === true)
      return Promise.reject(new QconnError('cancelled', 'The request was cancelled before it was sent.'));
    const frame = encodeRequest(this.#port.writer, id, request);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#step(pending, 'abort', {});
      const overdue = this.#clock.setTimer(request.resolutionMs + OVERDUE_SLACK_MS, () =>
        this.#step(pending, 'overdue', {}),
      );
      const pending: Pending = { id, state: 'sent', stages: [], observer, resolve, reject, overdue, onAbort };
      this.#pending.set(id, pending);
      observer.signal?.addEventListener('abort', onAbort, { once: true });
      this.#port.send(id, frame);
    });
  }

  /** Takes a Stages, Progress, Response or Outcome frame; one for a request that is over is ignored. */
  take(frame: Frame): void {
    const pending = this.#pending.get(frame.id);
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

function hubLost(cause: QconnError | undefined): QconnError {
  if (cause === undefined)
    return new QconnError('hub_lost', 'The hub said nothing within the resolution deadline; the result is unknown.');
  return new QconnError(
    'hub_lost',
    `The connection to the hub was lost while the request was in flight: ${cause.message}`,
    { cause },
  );
}
