import type { Clock } from '@qconn/clock';
import { EXCHANGES_IN_FLIGHT_MAX, FrameType, isQconnError, QconnError, type Frame } from '@qconn/protocol';
import { FairQueue, type Session } from '@qconn/routing';
import type { HubFrameMemory } from './frame-memory.ts';
import type { Peer } from './peer.ts';
import type { Relay } from './relay.ts';

/** What senders' frames go to in the end. */
export interface IntakeDependencies {
  readonly clock: Clock;
  readonly memory: Pick<HubFrameMemory, 'copies'>;
  readonly relay: Pick<Relay, 'request' | 'requestAll' | 'cancel' | 'refuseInTurn' | 'nextTurn'>;
}

/**
 * Requests that are begun in one turn of the event loop: a millisecond of work or so. While more arrives than is read it is an
 * eighth of that, for what has not been read can be neither refused nor told apart; not less, or refusing would be all that is done.
 */
const REQUESTS_PER_TURN = 128;
const REQUESTS_PER_FULL_TURN = 16;

/**
 * What may wait for its turn, of one machine. A request that waits for longer than this makes everybody behind it wait as long,
 * so that it is better refused, at once and for little: a wait of 10 ms is some five turns of a hub with nothing but work. Who has few in
 * line is not what keeps others waiting, should the hub itself have been held up. The bytes are 256 requests of 32 KiB.
 */
const LIMITS = {
  countMax: EXCHANGES_IN_FLIGHT_MAX,
  bytesMax: 8 * 1024 * 1024,
  bytesMaxInAll: 256 * 1024 * 1024,
  waitMaxMs: 10,
  few: 256,
};

interface Waiting {
  readonly sender: Session<Peer>;
  readonly frame: Frame;
}

/**
 * What senders ask for, on its way to the relay. Ordinarily it passes as it comes. When more comes than a turn has room
 * for, it waits in line by machine, and the machines have their turns one after the other; whoever has too much in line is refused
 * with `quota` before its request is read. What providers say never waits: it is what ends work.
 */
export class Intake {
  readonly #clock: Clock;
  readonly #relay: IntakeDependencies['relay'];
  readonly #memory: IntakeDependencies['memory'];
  readonly #queue = new FairQueue<Session<Peer>, Waiting>(LIMITS);
  #room = REQUESTS_PER_TURN;
  #begun = 0;

  constructor({ clock, relay, memory }: IntakeDependencies) {
    this.#clock = clock;
    this.#memory = memory;
    this.#relay = relay;
  }

  /** Frames that wait for their turn. */
  get size(): number {
    return this.#queue.size;
  }

  /**
   * Lets those in line have their turns; to be called when everything that has arrived was read.
   * @param more whether there may be more than was read @returns whether some are still in line
   */
  serve(more: boolean): boolean {
    this.#room = more ? REQUESTS_PER_FULL_TURN : REQUESTS_PER_TURN;
    for (; this.#begun < this.#room; this.#begun += 1) {
      const next = this.#queue.take();
      if (next === undefined) break;
      this.#passOrClose(next);
    }
    if (this.#begun > 0) this.#relay.nextTurn();
    this.#begun = 0;
    return this.#queue.size > 0;
  }

  /** Takes a Request, RequestAll or Cancel frame. @throws QconnError for a peer that breaks the protocol */
  take(sender: Session<Peer>, frame: Frame): void {
    if (this.#queue.size === 0 && this.#begun < this.#room) {
      this.#begun += 1;
      return this.#pass(sender, frame);
    }
    const bytes = frame.control.length + frame.body.length;
    const now = this.#clock.monotonic();
    // A Cancel stays behind the request that it is about; where that was refused there is nothing to cancel.
    if (this.#queue.isFull(sender, bytes, now)) {
      if (frame.type === FrameType.Cancel) this.#relay.cancel(sender, frame);
      else this.#relay.refuseInTurn(sender, frame.id);
      return;
    }
    this.#queue.add(sender, { sender, frame: this.#memory.copies.ofFrame(frame) }, bytes, now);
  }

  /** A session is gone, and what it has in line with it. */
  lost(sender: Session<Peer>): void {
    this.#queue.forget(sender);
  }

  #pass(sender: Session<Peer>, frame: Frame): void {
    if (frame.type === FrameType.Request) this.#relay.request(sender, frame);
    else if (frame.type === FrameType.RequestAll) this.#relay.requestAll(sender, frame);
    else this.#relay.cancel(sender, frame);
  }

  #passOrClose({ sender, frame }: Waiting): void {
    try {
      this.#pass(sender, frame);
    } catch (cause) {
      sender.value.close(isQconnError(cause) ? cause : new QconnError('internal', undefined, { cause }));
    }
  }
}
