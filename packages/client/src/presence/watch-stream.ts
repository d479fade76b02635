import {
  decodeWatchChanges,
  decodeWatchSnapshot,
  FrameType,
  QconnError,
  WATCH_BACKLOG_MAX,
  type Frame,
  type PresenceChange,
  type Provider,
  type WatchChanges,
  type WatchSnapshot,
} from '@qconn/protocol';
import type { PresenceEvent } from './presence-event.ts';

/** What a watch asks of its session. */
export interface WatchPort {
  /** Sends a Watch and has its frames brought to the stream. @returns its id */
  begin(stream: WatchStream): number;
  /** Sends an Unwatch, and brings no more. */
  end(id: number): void;
}

/**
 * One watch on one session: frames become events that its reader takes one by one. A reader that falls behind by more
 * events than are kept finds a fresh snapshot in their place. Ends with the session.
 */
export class WatchStream {
  readonly #port: WatchPort;
  readonly #events: PresenceEvent[] = [];
  #id: number;
  #reader: PromiseWithResolvers<PresenceEvent | undefined> | undefined;
  /** The snapshot that is arriving. */
  #arriving: Provider[] = [];
  #version = 0;
  #behind = false;
  #over: { readonly error: QconnError | undefined } | undefined;

  constructor(port: WatchPort) {
    this.#port = port;
    this.#id = port.begin(this);
  }

  /** The next event; `undefined` when the session has ended. One reader at a time. @throws QconnError what the hub refused the watch with */
  next(): Promise<PresenceEvent | undefined> {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve(event);
    if (this.#over !== undefined)
      return this.#over.error ? Promise.reject(this.#over.error) : Promise.resolve(undefined);
    this.#reader = Promise.withResolvers();
    return this.#reader.promise;
  }

  /** @throws QconnError `bad_frame`, `unexpected_frame` */
  take(frame: Frame): void {
    if (frame.type === FrameType.WatchSnapshot) this.#snapshot(decodeWatchSnapshot(frame));
    else this.#changes(decodeWatchChanges(frame));
  }

  /** The hub does not let this machine watch. */
  refused(error: QconnError): void {
    this.#finish(error);
  }

  /** The session has ended. What came before it did is still read. */
  lost(): void {
    this.#finish(undefined);
  }

  /** The reader wants no more. */
  end(): void {
    if (this.#over === undefined) this.#port.end(this.#id);
    this.#events.length = 0;
    this.#finish(undefined);
  }

  #snapshot({ version, cause, providers, last }: WatchSnapshot): void {
    this.#arriving.push(...providers);
    if (!last) return;
    this.#version = version;
    this.#emit({ kind: 'snapshot', cause: this.#behind ? 'behind' : cause, providers: this.#arriving });
    this.#arriving = [];
    this.#behind = false;
  }

  #changes({ version, changes }: WatchChanges): void {
    if (version !== this.#version + 1)
      throw new QconnError('unexpected_frame', `A change has the number ${version} after ${this.#version}.`);
    this.#version += changes.length;
    for (const change of changes) this.#emit(eventOf(change));
    if (this.#events.length > WATCH_BACKLOG_MAX) this.#startOver();
  }

  #emit(event: PresenceEvent): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) this.#events.push(event);
    else reader.resolve(event);
  }

  /** Frames of the old watch that are on their way have an id that nobody knows any more. */
  #startOver(): void {
    this.#port.end(this.#id);
    this.#events.length = 0;
    this.#arriving = [];
    this.#behind = true;
    this.#id = this.#port.begin(this);
  }

  #finish(error: QconnError | undefined): void {
    this.#over ??= { error };
    const reader = this.#reader;
    this.#reader = undefined;
    if (error === undefined) reader?.resolve(undefined);
    else reader?.reject(error);
  }
}

function eventOf({ gone, ...place }: PresenceChange): PresenceEvent {
  return gone === undefined
    ? { kind: 'online', provider: { ...place, online: true } }
    : { kind: 'offline', provider: { ...place, online: false }, reason: gone };
}
