import {
  decodeCallFailed,
  encodeUnwatch,
  encodeWatch,
  FrameType,
  QconnError,
  type Frame,
  type ProviderFilter,
} from '@qconn/protocol';
import type { RequestPort } from '../exchange/request-port.ts';
import { WatchStream } from './watch-stream.ts';

/** The watches of one session, by the ids of their calls. */
export class Watches {
  readonly #port: Pick<RequestPort, 'writer' | 'send'>;
  readonly #nextId: () => number;
  readonly #streams = new Map<number, WatchStream>();

  constructor(port: Pick<RequestPort, 'writer' | 'send'>, nextId: () => number) {
    this.#port = port;
    this.#nextId = nextId;
  }

  /** Begins to watch. @throws QconnError `bad_address` */
  watch(filter: ProviderFilter): WatchStream {
    return new WatchStream({
      begin: (stream) => {
        const id = this.#nextId();
        const frame = encodeWatch(this.#port.writer, id, filter);
        this.#streams.set(id, stream);
        this.#port.send(id, frame);
        return id;
      },
      end: (id) => {
        if (this.#streams.delete(id)) this.#port.send(id, encodeUnwatch(this.#port.writer, id));
      },
    });
  }

  has(id: number): boolean {
    return this.#streams.has(id);
  }

  /** Takes a WatchSnapshot or WatchChanges frame, or the CallFailed that refuses a watch. Others are late, and ignored. */
  take(frame: Frame): void {
    const stream = this.#streams.get(frame.id);
    if (frame.type !== FrameType.CallFailed) return stream?.take(frame);
    const { code, reason } = decodeCallFailed(frame);
    stream?.refused(new QconnError(code, reason || undefined));
    this.#streams.delete(frame.id);
  }

  /** The session has ended. */
  lost(): void {
    for (const stream of this.#streams.values()) stream.lost();
    this.#streams.clear();
  }
}
