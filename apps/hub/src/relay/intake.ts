import type { Clock } from '@qconn/clock';
import {
  encodeCredit,
  EXCHANGES_IN_FLIGHT_MAX,
  FrameType,
  isQconnError,
  PackedWriter,
  QconnError,
  type Frame,
} from '@qconn/protocol';
import { FairQueue, LineCredit, type Session } from '@qconn/routing';
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
 * Requests that are begun in one turn of the event loop: a millisecond of work or so. Fewer while some machine with nothing
 * in line sends as well: what it sends, and what is sent to it, waits for the turn to end. Long turns save at most a fifth
 * of the work.
 */
const REQUESTS_PER_TURN = 128;
const REQUESTS_PER_SHORT_TURN = 16;

/** Bytes of a body that take as long to pass on as a request takes to begin. */
const BYTES_PER_REQUEST = 2_048;

/** How long turns stay short after a request of a machine with nothing in line, in milliseconds. */
const SHORT_MS = 100;

/** Requests that are begun in one turn ahead of those in line: of all machines with nothing in line together, and of each. */
const AHEAD_PER_TURN = 64;
const AHEAD_PER_MACHINE = 8;

/**
 * What may be in line. Of one machine: as many requests as it may have in flight, and the bytes of 256 requests of 32 KiB. Of
 * all machines: what takes a hub some 50 ms, so that nobody waits longer while credits are still on their way.
 */
const LINE = {
  count: EXCHANGES_IN_FLIGHT_MAX,
  bytes: 8 * 1024 * 1024,
  countInAll: 4_096,
  bytesInAll: 256 * 1024 * 1024,
};

/** The work of refusing a request, as a share of the work of beginning one. */
const REFUSAL_WORK = 1 / 8;

/** Most requests of one machine that are refused on arrival in one turn. More are not read in it, for refusing takes time too. */
const REFUSED_PER_TURN = 32;

/** How long a machine's requests should wait in line, in milliseconds: some five turns, so that the hub always has the next one at hand. */
const WAIT_MS = 10;

/** A request that has waited this many milliseconds behind others of its machine is refused: its sender has been told its credit by then. */
const LATE_MS: number = 5 * WAIT_MS;

/** How long a credit holds, in milliseconds: an overload that is over holds nobody back for longer. */
const CREDIT_MS = 1_000;

/** Requests that all machines in line together may always have under way: a single machine that keeps this many is no flood, however slow the hub is. */
const LEAST_IN_ALL = 256;

const CREDIT = {
  max: EXCHANGES_IN_FLIGHT_MAX,
  waitMs: WAIT_MS,
  lookMs: WAIT_MS,
  rise: 1.25,
  tellShare: 0.1,
  lifeMs: CREDIT_MS,
};

/**
 * Senders' requests on their way to the relay. Ordinarily they pass as they come. When more come than a turn has room for,
 * each machine has a line, and the machines take turns. A machine whose requests wait too long is told how many it may
 * send. What it sends beyond that and finds no room in its line is refused with `quota` before it is decoded, some in each
 * turn; the rest is not even read from the connection. What providers say never waits: it is what ends work.
 */
export class Intake {
  readonly #clock: Clock;
  readonly #relay: IntakeDependencies['relay'];
  readonly #memory: IntakeDependencies['memory'];
  readonly #writer = new PackedWriter({ reuses: true });
  readonly #queue = new FairQueue<Session<Peer>, Frame>(LINE);
  readonly #credit = new LineCredit<Session<Peer>>(CREDIT);
  /** In this turn, by machine: begun ahead of those in line, and refused. */
  readonly #ahead = new Map<Session<Peer>, number>();
  readonly #refused = new Map<Session<Peer>, number>();
  #begun = 0;
  #wentAhead = 0;
  #room = REQUESTS_PER_TURN;
  #shortUntil = Number.NEGATIVE_INFINITY;

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
   * @returns whether some are still in line
   */
  serve(): boolean {
    this.#room = this.#clock.monotonic() < this.#shortUntil ? REQUESTS_PER_SHORT_TURN : REQUESTS_PER_TURN;
    while (this.#begun < this.#room) {
      const next = this.#queue.take();
      if (next === undefined) break;
      const { owner, item, since } = next;
      this.#served(owner, since);
      this.#begun += workOf(item);
      this.#passOrClose(owner, item);
      this.#refuseLate(owner);
    }
    if (this.#begun + this.#wentAhead > 0) this.#relay.nextTurn();
    this.#begun = 0;
    this.#wentAhead = 0;
    if (this.#ahead.size > 0) this.#ahead.clear();
    if (this.#refused.size > 0) this.#letOn();
    return this.#queue.size > 0;
  }

  /** Takes a Request, RequestAll or Cancel frame. @throws QconnError for a peer that breaks the protocol */
  take(sender: Session<Peer>, frame: Frame): void {
    if (this.#queue.size === 0 ? this.#begun < this.#room : this.#goesAhead(sender, frame)) {
      if (this.#queue.size === 0) this.#begun += workOf(frame);
      if (this.#credit.size > 0) this.#served(sender, this.#clock.monotonic());
      return this.#pass(sender, frame);
    }
    const bytes = frame.control.length + frame.body.length;
    if (!this.#queue.isFull(sender, bytes))
      this.#queue.add(sender, this.#memory.copies.ofFrame(frame), bytes, this.#clock.monotonic());
    // A Cancel stays behind the request that it is about. Where there is no room it takes that out of the line, if it is there.
    else if (frame.type === FrameType.Cancel) this.#cancel(sender, frame);
    else this.#refuse(sender, frame.id);
  }

  /** A session is gone, and what it has in line with it. */
  lost(sender: Session<Peer>): void {
    this.#queue.forget(sender);
    this.#credit.forget(sender);
    this.#refused.delete(sender);
  }

  /** Whoever has nothing in line need not wait behind those who have, if it is not for much. */
  #goesAhead(sender: Session<Peer>, frame: Frame): boolean {
    if (frame.type === FrameType.RequestAll) return false;
    if (this.#wentAhead >= AHEAD_PER_TURN || this.#queue.countOf(sender) > 0) return false;
    const before = this.#ahead.get(sender) ?? 0;
    if (before >= AHEAD_PER_MACHINE) return false;
    this.#ahead.set(sender, before + 1);
    this.#wentAhead += 1;
    this.#shortUntil = this.#clock.monotonic() + SHORT_MS;
    return true;
  }

  /** After a machine's turn: refuses what it has in line for too long. If it has but few there, the hub itself was held up, and nothing is refused. */
  #refuseLate(sender: Session<Peer>): void {
    const than = this.#clock.monotonic() - LATE_MS;
    while (this.#begun < this.#room && this.#queue.countOf(sender) > this.#least) {
      const late = this.#queue.takeOlder(sender, than);
      if (late === undefined) return;
      this.#begun += REFUSAL_WORK;
      if (late.item.type === FrameType.Cancel) this.#relay.cancel(sender, late.item);
      else this.#relay.refuseInTurn(sender, late.item.id);
    }
  }

  #cancel(sender: Session<Peer>, frame: Frame): void {
    const inLine = this.#queue.remove(sender, ({ type, id }) => type === FrameType.Request && id === frame.id);
    if (!inLine) this.#relay.cancel(sender, frame);
  }

  #refuse(sender: Session<Peer>, requestId: number): void {
    const refused = (this.#refused.get(sender) ?? 0) + 1;
    this.#refused.set(sender, refused);
    if (refused === REFUSED_PER_TURN) sender.value.holdBack(true);
    this.#relay.refuseInTurn(sender, requestId);
    this.#tell(sender, this.#credit.refused(sender, this.#queue.countOf(sender), this.#clock.monotonic(), this.#least));
  }

  #letOn(): void {
    for (const [sender, refused] of this.#refused) if (refused >= REFUSED_PER_TURN) sender.value.holdBack(false);
    this.#refused.clear();
  }

  #served(sender: Session<Peer>, since: number): void {
    this.#tell(sender, this.#credit.served(sender, since, this.#clock.monotonic(), this.#least));
  }

  #tell(sender: Session<Peer>, credit: number | undefined): void {
    if (credit !== undefined) sender.value.send(0, encodeCredit(this.#writer, { requests: credit, forMs: CREDIT_MS }));
  }

  /** Requests that each machine in line may always have under way. */
  get #least(): number {
    return LEAST_IN_ALL / Math.max(1, this.#queue.owners);
  }

  #pass(sender: Session<Peer>, frame: Frame): void {
    if (frame.type === FrameType.Request) this.#relay.request(sender, frame);
    else if (frame.type === FrameType.RequestAll) this.#passToAll(sender, frame);
    else this.#relay.cancel(sender, frame);
  }

  /** A fan-out takes as much of the turn as requests to as many targets, and leaves as many turns to others. */
  #passToAll(sender: Session<Peer>, frame: Frame): void {
    const others = Math.max(0, this.#relay.requestAll(sender, frame) - 1);
    this.#begun += others * workOf(frame);
    this.#queue.charge(sender, others);
  }

  #passOrClose(sender: Session<Peer>, frame: Frame): void {
    try {
      this.#pass(sender, frame);
    } catch (cause) {
      sender.value.close(isQconnError(cause) ? cause : new QconnError('internal', undefined, { cause }));
    }
  }
}

/** The work of beginning a request, in requests without a body. */
function workOf({ body }: Frame): number {
  return 1 + Math.floor(body.length / BYTES_PER_REQUEST);
}
