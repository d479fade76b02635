import {
  encodeHello,
  FrameReader,
  PackedWriter,
  StreamType,
  decodeWelcome,
  FrameType,
  type Frame,
  type Welcome,
} from '@qconn/protocol';
import type { CloseInfo, Connection, Stream } from '@qconn/transport';

/** A client that says exactly what a test wants: one lane, frames in and out, no behaviour of its own. */
export class ScriptedClient {
  readonly connection: Connection;
  readonly writer = new PackedWriter();
  readonly #lane: Stream;
  readonly #frames: Frame[] = [];
  readonly #waiting = new Set<() => void>();

  /** @param first what the lane begins with; the type of a lane unless a test wants something else */
  constructor(connection: Connection, first: Uint8Array = Uint8Array.of(StreamType.Lane)) {
    this.connection = connection;
    this.#lane = connection.openStream();
    const reader = new FrameReader((frame) => {
      this.#frames.push(frame);
      for (const look of this.#waiting) look();
    });
    this.#lane.read({ data: (chunk) => reader.push(chunk), end: () => {} });
    this.#lane.write(first);
  }

  send(bytes: Uint8Array): void {
    this.#lane.write(bytes);
  }

  /** Ends the lane as a peer does that has nothing more to say. */
  finish(): void {
    this.#lane.end();
  }

  /** Says hello with its one lane and waits for the welcome. */
  async greet(): Promise<Welcome> {
    this.send(encodeHello(this.writer, { agent: 'scripted/1', lanes: 1, instance: 'scripted', remembersJobs: false }));
    return decodeWelcome(await this.frame(FrameType.Welcome));
  }

  /** The next frame of a type, arrived already or still to come; each frame is given out once. */
  async frame(type: number, id?: number): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const at = this.#frames.findIndex((frame) => frame.type === type && (id === undefined || frame.id === id));
        const found = this.#frames[at];
        if (found === undefined) return;
        this.#frames.splice(at, 1);
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
      void this.connection.closed.then(({ error }) => reject(error));
    });
  }

  /** How the connection ended. */
  get closed(): Promise<CloseInfo> {
    return this.connection.closed;
  }

  close(): void {
    this.connection.close(0x40, 'The test is done.');
  }
}
