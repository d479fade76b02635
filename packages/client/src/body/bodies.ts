import { ERROR_TABLE, QconnError, type BodyKind, type BodyOpening, type StreamedBody } from '@qconn/protocol';
import type { Stream } from '@qconn/transport';
import { BodyStream } from './body-stream.ts';
import type { BodySource } from './content.ts';
import { IncomingBody } from './incoming-body.ts';
import { sendBody } from './outgoing-body.ts';

/** A body that the hub may ask for. */
export interface Offer {
  readonly source: BodySource;
  /** The source threw: the body was cut. */
  readonly onFailed?: (cause: unknown) => void;
  /** It was sent, cut or withdrawn. */
  readonly onOver?: () => void;
}

/** The streamed bodies of one session: those that the hub may ask for, and those that come. */
export class Bodies {
  readonly #openStream: (opening: BodyOpening) => Stream;
  readonly #offers: Readonly<Record<BodyKind, Map<number, Offer>>> = { request: new Map(), response: new Map() };
  readonly #incoming = new Set<IncomingBody>();
  #sending = 0;

  /** @param openStream asks the hub for a body @throws QconnError `closed`, `stream_limit` */
  constructor(openStream: (opening: BodyOpening) => Stream) {
    this.#openStream = openStream;
  }

  /** Bodies that move or may be asked for. */
  get size(): number {
    return this.#offers.request.size + this.#offers.response.size + this.#incoming.size + this.#sending;
  }

  /** Holds a body ready. */
  offer(opening: BodyOpening, offer: Offer): void {
    this.#offers[opening.kind].set(opening.id, offer);
  }

  /** Lets go of a body that nobody will ask for any more. */
  withdraw({ kind, id }: BodyOpening): void {
    const offer = this.#offers[kind].get(id);
    if (offer === undefined) return;
    this.#offers[kind].delete(id);
    offer.source.discard();
    offer.onOver?.();
  }

  /** The hub asks for a body, to be written to the stream. */
  send(opening: BodyOpening, stream: Stream): void {
    const offer = this.#offers[opening.kind].get(opening.id);
    if (offer === undefined) return stream.reset(ERROR_TABLE.body_cut.wire);
    if (!offer.source.repeatable) this.#offers[opening.kind].delete(opening.id);
    this.#sending += 1;
    void sendBody(offer.source, stream)
      .catch((cause: unknown) => offer.onFailed?.(cause))
      .finally(() => {
        this.#sending -= 1;
        // A request's body may be asked for again, if its target was lost before it said that it had the job.
        if (opening.kind === 'response') this.#offers.response.delete(opening.id);
        offer.onOver?.();
      });
  }

  /**
   * A body that the other end has announced; asked for when it is first read.
   * @param onEnd told once it has been asked for and nothing more of it comes
   */
  receive(opening: BodyOpening, { length }: StreamedBody, onEnd: () => void = () => undefined): IncomingStream {
    let incoming: IncomingBody | undefined;
    let stopped = false;
    let session: Bodies | undefined;
    const open = (lent: boolean): IncomingBody => {
      if (stopped) throw new QconnError('body_cut', 'The body was let go of before it was read.');
      const bodies = session ?? this;
      const body = new IncomingBody(bodies.#ask(opening), length, lent, () => {
        bodies.#incoming.delete(body);
        onEnd();
      });
      incoming = body;
      bodies.#incoming.add(body);
      return body;
    };
    const stop = (): void => {
      stopped = true;
      incoming?.stop();
    };
    return { stream: new BodyStream(length, open), stop, moveTo: (bodies) => (session = bodies) };
  }

  /** The connection is gone. Streams end with it; what was not asked for is let go. */
  lost(): void {
    for (const kind of ['request', 'response'] as const) {
      for (const id of [...this.#offers[kind].keys()]) this.withdraw({ kind, id });
    }
  }

  #ask(opening: BodyOpening): Stream {
    try {
      return this.#openStream(opening);
    } catch (cause) {
      throw new QconnError('body_cut', 'The body could not be asked for.', { cause });
    }
  }
}

/** A body that comes, with a way to end it from here. */
export interface IncomingStream {
  readonly stream: BodyStream;
  readonly stop: () => void;
  /** It was announced again over another connection: if it has not been asked for yet, it is asked for there. */
  readonly moveTo: (bodies: Bodies) => void;
}
