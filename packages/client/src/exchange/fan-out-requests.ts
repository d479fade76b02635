import {
  decodeOutcome,
  decodeTargets,
  encodeCancel,
  encodeRequestAll,
  FrameType,
  outcomeError,
  QconnError,
  type Frame,
  type RequestAll,
  type ResolvedTarget,
} from '@qconn/protocol';
import type { FanOut } from './fan-out.ts';
import type { AwaitedWord } from './hub-silence.ts';
import { PendingRequest, type RequestDesk } from './pending-request.ts';
import { hubLost } from './request-failure.ts';
import type { FanOutObserver, RequestObserver } from './request-observer.ts';

/** A fan-out of which the hub has not said yet how many targets it has. */
interface Opening {
  readonly request: RequestAll;
  readonly observer: FanOutObserver;
  readonly fanOut: FanOut;
  readonly overdue: AwaitedWord;
  readonly onAbort: () => void;
  /** The caller has its word; what the hub has begun is to stop. */
  aborted: boolean;
}

/** The requests to many of one session, until the hub has said how many targets each has. */
export class FanOutRequests {
  readonly #desk: RequestDesk;
  readonly #opening = new Map<number, Opening>();

  constructor(desk: RequestDesk) {
    this.#desk = desk;
  }

  get size(): number {
    return this.#opening.size;
  }

  /** Sends a request to many. The ids behind `id` are reserved, as many as the limit. */
  start(id: number, request: RequestAll, observer: FanOutObserver, fanOut: FanOut): void {
    const { signal } = observer;
    const { clock, port, silence, credit } = this.#desk;
    const frame = encodeRequestAll(port.writer, id, request);
    const onAbort = (): void => {
      opening.aborted = true;
      fanOut.refuse(new QconnError('cancelled', undefined, { cause: signal?.reason }));
    };
    const waits = {
      overdue: () => {
        this.#opened(id, opening);
        fanOut.refuse(hubLost(undefined));
      },
    };
    const overdue = silence.await(clock.monotonic(), request.resolutionMs, waits);
    const opening: Opening = { request, observer, fanOut, overdue, onAbort, aborted: false };
    this.#opening.set(id, opening);
    signal?.addEventListener('abort', onAbort, { once: true });
    credit.sent();
    port.send(id, frame);
  }

  /** A frame for an id that nobody waits for: the refusal of a fan-out, or word of a target that has overtaken Targets. */
  early(frame: Frame): PendingRequest | undefined {
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

  /** Takes a Targets frame. */
  targets(frame: Frame): void {
    const targets = decodeTargets(frame);
    const opening = this.#opening.get(frame.id);
    if (opening === undefined) return;
    if (targets.count > opening.request.limit)
      throw new QconnError('unexpected_frame', `A fan-out to at most ${opening.request.limit} has ${targets.count}.`);
    this.#opened(frame.id, opening);
    const { port } = this.#desk;
    for (let id = frame.id + 1; id <= frame.id + targets.count; id += 1) {
      if (opening.aborted) port.send(id, encodeCancel(port.writer, id, 'cancelled'));
      else if (!opening.fanOut.has(id)) this.#member(id, opening);
    }
    opening.fanOut.begin(targets);
  }

  /** The connection is gone. */
  lost(cause: QconnError): void {
    for (const [id, opening] of [...this.#opening]) {
      this.#opened(id, opening);
      opening.fanOut.refuse(hubLost(cause));
    }
  }

  /** One target's exchange: from here on a request like any other, whose result goes to the fan-out. */
  #member(id: number, { request, observer: { onStatus, onProgress, signal }, fanOut }: Opening): PendingRequest {
    let target: ResolvedTarget | undefined;
    fanOut.expect(id);
    const observer: RequestObserver = {
      signal,
      onStatus: (report) => {
        target = report.target ?? target;
        onStatus?.(report, target);
      },
      onProgress: onProgress && ((body) => onProgress(body, target)),
    };
    return new PendingRequest(
      this.#desk,
      id,
      { now: this.#desk.clock.monotonic(), resolutionMs: request.resolutionMs, observer, streams: false },
      {
        resolve: (reply) => fanOut.add({ target, reply }),
        reject: (error) => fanOut.add({ target, error }),
      },
    );
  }

  #opened(id: number, { overdue, observer, onAbort }: Opening): void {
    this.#opening.delete(id);
    this.#desk.credit.heard();
    this.#desk.silence.heard(overdue);
    observer.signal?.removeEventListener('abort', onAbort);
  }
}
