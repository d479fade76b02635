import { DeadlineAlarm, DeadlineQueue, type Clock, type Deadline } from '@qconn/clock';
import {
  decodeProgress,
  decodeHeaders,
  decodeOutcome,
  decodeResponse,
  decodeStages,
  decodeTargets,
  encodeCancel,
  encodeRequest,
  encodeRequestAll,
  FrameType,
  IdMap,
  outcomeError,
  QconnError,
  RequestCredit,
  SENDER_EXCHANGE,
  transition,
  type Credit,
  type Frame,
  type Headers,
  type PackedWriter,
  type Progress,
  type Request,
  type RequestAll,
  type ResolvedTarget,
  type SenderAction,
  type SenderEvent,
  type SenderState,
  type StageReport,
} from '@qconn/protocol';
import type { Bodies, IncomingStream } from '../body/bodies.ts';
import type { BodyStream } from '../body/body-stream.ts';
import type { BodySource } from '../body/content.ts';
import { Received } from '../body/received.ts';
import type { FanOut } from './fan-out.ts';
import type { HeldAcks } from './held-acks.ts';

const decoder = new TextDecoder();

/** The result of a request. */
export interface Reply {
  /** The answer's body. Reading it throws `invalid_state` when the body is streamed. */
  readonly body: Uint8Array;
  /** Whether the body is longer than a frame holds or was given as a stream: then only {@link Reply.stream} has it. */
  readonly streamed: boolean;
  /** The body as it comes, streamed or not. The provider keeps it for as long as the job deadline: read it, or leave it. */
  readonly stream: BodyStream;
  readonly headers: Headers;
  /** Every stage that the exchange went through, with the hub's times. */
  readonly stages: readonly StageReport[];
}

/** What a sender may watch and stop. */
export interface RequestObserver {
  /** Called for each stage as the hub reports it. */
  readonly onStatus?: ((report: StageReport) => void) | undefined;
  /** Called for each sign of progress that the provider gives; `json` is what it says when it gave JSON. */
  readonly onProgress?: ((body: Uint8Array, json: unknown) => void) | undefined;
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
  readonly bodies: Bodies;
  readonly acks: Pick<HeldAcks, 'hold'>;
  /** Bytes that wait because the hub or the network takes no more now. */
  readonly bufferedBytes: number;
  /** Sends a frame, which is copied. */
  send(id: number, frame: Uint8Array): void;
}

interface Pending {
  readonly id: number;
  state: SenderState;
  readonly stages: StageReport[];
  readonly observer: RequestObserver;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: QconnError) => void;
  /** Its body is one that the hub may ask for. */
  readonly streams: boolean;
  overdue: Deadline<() => void> | undefined;
  onAbort: (() => void) | undefined;
}

/** A fan-out of which the hub has not said yet how many targets it has. */
interface Opening {
  readonly request: RequestAll;
  readonly observer: FanOutObserver;
  readonly fanOut: FanOut;
  readonly overdue: Deadline<() => void>;
  readonly onAbort: () => void;
  /** The caller has its word; what the hub has begun is to stop. */
  aborted: boolean;
}

/** What came with an event. */
interface Arrival {
  readonly reports?: readonly StageReport[];
  readonly progress?: Progress;
  readonly reply?: Reply;
  readonly error?: QconnError;
  readonly cause?: unknown;
}

/**
 * Time beyond the resolution deadline after which a silent hub counts as lost, in milliseconds: the
 * hub reports every outcome itself, so this is only reached when the hub is at fault.
 */
const OVERDUE_SLACK_MS = 5_000;

/** Bytes that may wait for the connection before requests are refused: 256 of the largest inline body, twice. */
const STAGED_BYTES_MAX: number = 32 * 1024 * 1024;

/** When to try again what the hub has no time for, in milliseconds: a few times as long as what it has taken on waits there. */
const NO_CREDIT_RETRY_MS = 100;

/** The requests in flight of one session, each settled exactly once (SENDER_EXCHANGE). */
export class Requests {
  readonly #clock: Clock;
  readonly #port: RequestPort;
  readonly #silent: () => void;
  readonly #credit = new RequestCredit();
  readonly #pending = new IdMap<Pending>();
  readonly #opening = new Map<number, Opening>();
  /** What to do when the hub has been silent for too long. */
  readonly #overdue = new DeadlineQueue<() => void>();
  readonly #alarm: DeadlineAlarm;

  /** @param dependencies.silent told when the hub has left a request without a word for longer than it may */
  constructor(dependencies: { clock: Clock; port: RequestPort; silent?: () => void }) {
    this.#clock = dependencies.clock;
    this.#port = dependencies.port;
    this.#silent = dependencies.silent ?? (() => {});
    this.#alarm = new DeadlineAlarm(dependencies.clock, () => this.#ring());
  }

  /** Requests that wait for their final word. */
  get size(): number {
    return this.#pending.size + this.#opening.size;
  }

  /**
   * Sends a request.
   * @throws QconnError the outcome; `hub_lost` when the connection ends first
   */
  start(id: number, request: Request, observer: RequestObserver, source?: BodySource): Promise<Reply> {
    if (observer.signal?.aborted === true) return Promise.reject(cancelledBeforeSent());
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    const frame = encodeRequest(this.#port.writer, id, request);
    return new Promise((resolve, reject) => {
      const streams = source !== undefined;
      const pending = this.#open(id, request.resolutionMs, observer, { resolve, reject, streams });
      if (source !== undefined) {
        const onFailed = (cause: unknown): void => this.#step(pending, 'abort', { cause });
        this.#port.bodies.offer({ kind: 'request', id }, { source, onFailed });
      }
      this.#port.send(id, frame);
    });
  }

  /** Sends a request to many. The ids behind `id` are reserved, as many as the limit. */
  startAll(id: number, request: RequestAll, observer: FanOutObserver, fanOut: FanOut): void {
    const { signal } = observer;
    const refusal = signal?.aborted === true ? cancelledBeforeSent() : this.#refusal();
    if (refusal !== undefined) return fanOut.refuse(refusal);
    const frame = encodeRequestAll(this.#port.writer, id, request);
    const onAbort = (): void => {
      opening.aborted = true;
      fanOut.refuse(new QconnError('cancelled', undefined, { cause: signal?.reason }));
    };
    const overdue = this.#unlessHeard(request.resolutionMs, () => {
      this.#opened(id, opening);
      fanOut.refuse(hubLost(undefined));
    });
    const opening: Opening = { request, observer, fanOut, overdue, onAbort, aborted: false };
    this.#opening.set(id, opening);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#credit.sent();
    this.#port.send(id, frame);
  }

  /** The hub says how many requests it may be sent beyond those of which it has said something. */
  granted(credit: Credit): void {
    this.#credit.granted(credit, this.#clock.monotonic());
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
      this.#step(pending, 'progress', { progress: decodeProgress(frame) });
    } else if (frame.type === FrameType.Response) {
      const reply = this.#readReply(frame, pending.stages);
      if (reply instanceof QconnError) this.#step(pending, 'outcome', { error: reply });
      else this.#step(pending, 'response', { reply });
    } else {
      this.#step(pending, 'outcome', { error: outcomeError(decodeOutcome(frame)) });
    }
  }

  /** The connection is gone: whatever is in flight ends with `hub_lost`. */
  lost(cause: QconnError): void {
    for (const pending of this.#pending.values()) this.#step(pending, 'connectionLost', { error: cause });
    for (const [id, opening] of [...this.#opening]) {
      this.#opened(id, opening);
      opening.fanOut.refuse(hubLost(cause));
    }
  }

  /** Why nothing more may be sent now: better said at once than after a wait in a queue that only grows. */
  #refusal(): QconnError | undefined {
    if (this.#port.bufferedBytes > STAGED_BYTES_MAX)
      return noRoom(
        `The connection does not take more: ${STAGED_BYTES_MAX} bytes wait for it. The request was not sent.`,
      );
    if (this.#credit.allows(this.#clock.monotonic())) return undefined;
    const { unheard } = this.#credit;
    return noRoom(`The hub has not looked at ${unheard} requests yet and takes no more now. This one was not sent.`);
  }

  #open(
    id: number,
    resolutionMs: number,
    observer: RequestObserver,
    { resolve, reject, streams }: Pick<Pending, 'resolve' | 'reject' | 'streams'>,
  ): Pending {
    const pending: Pending = {
      id,
      state: 'sent',
      stages: [],
      observer,
      resolve,
      reject,
      streams,
      overdue: undefined,
      onAbort: undefined,
    };
    this.#pending.set(id, pending);
    this.#credit.sent();
    pending.overdue = this.#unlessHeard(resolutionMs, () => this.#step(pending, 'overdue', {}));
    if (observer.signal !== undefined) {
      pending.onAbort = () => this.#step(pending, 'abort', {});
      observer.signal.addEventListener('abort', pending.onAbort, { once: true });
    }
    return pending;
  }

  /** Sets what is to be done unless the hub says something within the resolution deadline. */
  #unlessHeard(resolutionMs: number, act: () => void): Deadline<() => void> {
    const deadline = this.#overdue.add(this.#clock.monotonic() + resolutionMs + OVERDUE_SLACK_MS, act);
    this.#alarm.noLaterThan(deadline.at);
    return deadline;
  }

  #heard(overdue: Deadline<() => void> | undefined): void {
    if (overdue !== undefined) this.#overdue.cancel(overdue);
    if (this.#overdue.size === 0) this.#alarm.cancel();
  }

  /** @returns the monotonic time of the next deadline */
  #ring(): number | undefined {
    const now = this.#clock.monotonic();
    for (let due = this.#overdue.popDue(now); due !== undefined; due = this.#overdue.popDue(now)) {
      due.value();
      this.#silent();
    }
    return this.#overdue.nextAt;
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
        streams: false,
      },
    );
  }

  #opened(id: number, { overdue, observer, onAbort }: Opening): void {
    this.#opening.delete(id);
    this.#credit.heard();
    this.#heard(overdue);
    observer.signal?.removeEventListener('abort', onAbort);
  }

  #step(pending: Pending, event: SenderEvent, arrival: Arrival): void {
    const row = transition(SENDER_EXCHANGE, pending.state, event);
    if (row === undefined) return;
    if (pending.state === 'sent') this.#credit.heard();
    pending.state = row.next;
    if (pending.overdue !== undefined && (row.next === 'acknowledged' || row.next === 'done')) {
      this.#heard(pending.overdue);
      pending.overdue = undefined;
    }
    if (row.next === 'done') {
      this.#pending.delete(pending.id);
      // A streamed answer may begin before the request's body has been read: it goes on until that ends.
      if (pending.streams && arrival.reply?.streamed !== true)
        this.#port.bodies.withdraw({ kind: 'request', id: pending.id });
      if (pending.onAbort !== undefined) pending.observer.signal?.removeEventListener('abort', pending.onAbort);
    }
    for (const action of row.actions) this.#act(pending, action, arrival);
  }

  #act(pending: Pending, action: SenderAction, arrival: Arrival): void {
    switch (action) {
      case 'reportStages':
        return this.#reportStages(pending, arrival.reports ?? []);
      case 'reportProgress':
        return this.#observe(pending, () => reportProgress(pending.observer, arrival.progress as Progress));
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

  #reportStages(pending: Pending, reports: readonly StageReport[]): void {
    const { onStatus } = pending.observer;
    for (const report of reports) {
      pending.stages.push(report);
      if (onStatus !== undefined) this.#observe(pending, () => onStatus.call(pending.observer, report));
    }
  }

  /** The reply, or what is wrong with its headers, which are the provider's: the hub passes them on unread. */
  #readReply(frame: Frame, stages: readonly StageReport[]): Reply | QconnError {
    const { body, headers: block, streamed } = decodeResponse(frame);
    const { id } = frame;
    const { bodies } = this.#port;
    try {
      const headers = decodeHeaders(block);
      const incoming =
        streamed && bodies.receive({ kind: 'response', id }, streamed, () => bodies.withdraw({ kind: 'request', id }));
      return new ReceivedReply(body, incoming, headers, stages);
    } catch (cause) {
      return new QconnError('handler_failed', 'The provider answered with malformed headers.', { cause });
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

function reportProgress({ onProgress }: RequestObserver, { body, json }: Progress): void {
  onProgress?.(body, json ? parseJson(body) : undefined);
}

/** `undefined` for what is no JSON: then the bytes are all that there is of it. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

/** What {@link Requests.start} resolves with. */
class ReceivedReply extends Received implements Reply {
  readonly headers: Headers;
  readonly stages: readonly StageReport[];

  constructor(
    inline: Uint8Array,
    incoming: IncomingStream | undefined,
    headers: Headers,
    stages: readonly StageReport[],
  ) {
    super(inline, incoming);
    this.headers = headers;
    this.stages = stages;
  }
}

function noRoom(why: string): QconnError {
  return new QconnError('quota', why, { retryAfterMs: NO_CREDIT_RETRY_MS });
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
