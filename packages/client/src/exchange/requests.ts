import type { Clock } from '@qconn/clock';
import {
  decodeFinalOutcome,
  decodeFinalResponse,
  decodeProgress,
  decodeStages,
  encodeRequest,
  FrameType,
  IdMap,
  outcomeError,
  RequestCredit,
  type Credit,
  type Frame,
  type QconnError,
  type Request,
  type RequestAll,
} from '@qconn/protocol';
import type { BodySource } from '../body/content.ts';
import type { FanOut } from './fan-out.ts';
import { FanOutRequests } from './fan-out-requests.ts';
import { HubSilence } from './hub-silence.ts';
import { PendingRequest, type RequestDesk } from './pending-request.ts';
import type { Reply } from './reply.ts';
import { cancelledBeforeSent, noRoom } from './request-failure.ts';
import type { FanOutObserver, RequestObserver } from './request-observer.ts';
import { STAGED_BYTES_MAX, type RequestPort } from './request-port.ts';

/** The requests in flight of one session, each settled exactly once. */
export class Requests {
  readonly #desk: RequestDesk;
  readonly #fanOuts: FanOutRequests;

  /** @param dependencies.silent told when the hub has left a request without a word for longer than it may */
  constructor(dependencies: { clock: Clock; port: RequestPort; silent?: () => void }) {
    const { clock, port, silent = () => {} } = dependencies;
    const silence = new HubSilence(clock, silent);
    this.#desk = { clock, port, credit: new RequestCredit(), silence, pending: new IdMap() };
    this.#fanOuts = new FanOutRequests(this.#desk);
  }

  /** Requests that wait for their final word. */
  get size(): number {
    return this.#desk.pending.size + this.#fanOuts.size;
  }

  /**
   * Sends a request.
   * @throws QconnError the outcome; `hub_lost` when the connection ends first
   */
  start(id: number, request: Request, observer: RequestObserver, source?: BodySource): Promise<Reply> {
    const { clock, port } = this.#desk;
    const now = clock.monotonic();
    const refusal = this.#refusal(observer.signal, now);
    if (refusal !== undefined) return Promise.reject(refusal);
    const frame = encodeRequest(port.writer, id, request);
    return new Promise((resolve, reject) => {
      const options = { now, resolutionMs: request.resolutionMs, observer, streams: source !== undefined };
      const pending = new PendingRequest(this.#desk, id, options, { resolve, reject });
      if (source !== undefined) {
        const onFailed = (cause: unknown): void => pending.step('abort', { cause });
        port.bodies.offer({ kind: 'request', id }, { source, onFailed });
      }
      port.send(id, frame);
    });
  }

  /** Sends a request to many. The ids behind `id` are reserved, as many as the limit. */
  startAll(id: number, request: RequestAll, observer: FanOutObserver, fanOut: FanOut): void {
    const refusal = this.#refusal(observer.signal, this.#desk.clock.monotonic());
    if (refusal === undefined) this.#fanOuts.start(id, request, observer, fanOut);
    else fanOut.refuse(refusal);
  }

  /** The hub says how many requests may be unanswered. */
  granted(credit: Credit): void {
    this.#desk.credit.granted(credit, this.#desk.clock.monotonic());
  }

  /** Takes a Stages, Progress, Response, Outcome or Targets frame; one for a request that is over is ignored. */
  take(frame: Frame): void {
    if (frame.type === FrameType.Targets) return this.#fanOuts.targets(frame);
    const pending = this.#desk.pending.get(frame.id) ?? this.#fanOuts.early(frame);
    if (pending === undefined) return;
    if (frame.type === FrameType.Stages) return pending.passed(decodeStages(frame));
    if (frame.type === FrameType.Progress) return pending.step('progress', { progress: decodeProgress(frame) });
    if (frame.type === FrameType.Response) return pending.answered(decodeFinalResponse(frame));
    const outcome = decodeFinalOutcome(frame);
    if (outcome.stages !== undefined) pending.passed(outcome.stages);
    pending.step('outcome', { error: outcomeError(outcome) });
  }

  /** The connection is gone: whatever is in flight ends with `hub_lost`. */
  lost(cause: QconnError): void {
    for (const pending of this.#desk.pending.values()) pending.step('connectionLost', { error: cause });
    this.#fanOuts.lost(cause);
  }

  /** Why nothing more may be sent now: better said at once than after a wait in a queue that only grows. */
  #refusal(signal: AbortSignal | undefined, now: number): QconnError | undefined {
    if (signal?.aborted === true) return cancelledBeforeSent();
    const { port, credit } = this.#desk;
    if (port.bufferedBytes > STAGED_BYTES_MAX)
      return noRoom(
        `The connection does not take more: ${STAGED_BYTES_MAX} bytes wait for it. The request was not sent.`,
      );
    if (credit.allows(now)) return undefined;
    return noRoom(
      `The hub has not looked at ${credit.unheard} requests yet and takes no more now. This one was not sent.`,
    );
  }
}
