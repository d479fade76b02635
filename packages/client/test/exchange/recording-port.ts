import { FrameReader, PackedWriter, QconnError, type Frame } from '@qconn/protocol';
import { Bodies } from '../../src/body/bodies.ts';
import type { RequestPort } from '../../src/exchange/request-port.ts';

/** Where a session would send; keeps the frames, and lets a test wait for one. */
export class RecordingPort implements RequestPort {
  readonly writer: PackedWriter = new PackedWriter({ reuses: true });
  readonly frames: Frame[] = [];
  bufferedBytes = 0;
  /** Each handler takes longer than a turn, unless a test holds acknowledgements as a session does. */
  acks: RequestPort['acks'] = { hold: (job) => job.acknowledge() };
  readonly bodies: Bodies;
  readonly #waiting = new Set<() => void>();

  /** @param openStream asks the hub for a body; without it there is no way to it */
  constructor(openStream: ConstructorParameters<typeof Bodies>[0] = noWay) {
    this.bodies = new Bodies(openStream);
  }

  send(_id: number, frame: Uint8Array): void {
    this.frames.push(frameOf(frame.slice()));
    for (const look of this.#waiting) look();
  }

  ofType(type: number): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** The n-th frame of a type, sent already or still to come. */
  frame(type: number, n = 1): Promise<Frame> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.ofType(type)[n - 1];
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}

/** Bytes of one frame as its receiver sees it. */
export function frameOf(bytes: Uint8Array): Frame {
  let found: Frame | undefined;
  new FrameReader((frame) => (found = frame)).push(bytes);
  return found as Frame;
}

function noWay(): never {
  throw new QconnError('closed');
}
