import type { Clock } from '@qconn/clock';

/** Takes part in turns. */
export interface TurnTaker {
  /** Whether it takes part in the turn to come. Only the turn changes it: a `Set` would be made anew for each. */
  awake: boolean;
  /** Whether it waits for a turn with room for it. Only the turn changes it. */
  patient: boolean;
  /** Takes in what has arrived. May wake others, which then take part in the same turn. */
  advance(): void;
  /** Sends what there is to send. */
  flush(): void;
  /** Sees to what nobody waits for: when to wake it again, and whether it is over. */
  settle(): void;
}

/**
 * How many of those who can wait take part in a turn: less than a millisecond of work, and a quarter of that while more datagrams wait in
 * the socket than the system hands over at once. Then they are still more than ten thousand machines' keepalives need.
 */
const PATIENT_TAKERS = 16;
const PATIENT_TAKERS_IN_BURSTS = 4;

/** Datagrams that Node takes from a socket before it has the rest of the program go on. */
const POLLED_DATAGRAMS = 32;

/** From how long on nothing to do is a rest, in milliseconds: several times what a packet costs both of its ends. */
const REST_MS = 0.2;

/** A shorter datagram hardly has more than one message. */
const SHORT_BYTES = 2_000;

/**
 * Gathers the work of one turn of the event loop: packets and writes only mark their connection, and
 * after the poll phase (setImmediate) each marked connection reads once and sends once. What a reader
 * writes in answer, on whichever connection, leaves in the same turn, before anything that can wait.
 * While datagrams come one at a time, each has its turn as it comes.
 */
export class Turn {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #onRead: (() => boolean) | undefined;
  #endedAt = Number.NEGATIVE_INFINITY;
  #rested = false;
  #takers: TurnTaker[] = [];
  #patient: TurnTaker[] = [];
  /** Whether the end of this iteration is waited for. */
  #awaited = false;
  /** Datagrams of this iteration of the event loop. */
  #datagrams = 0;
  /** Whether the last iteration had no more than one. */
  #calm = false;
  #alone = false;

  /**
   * @param onRead called in each turn when everything has been read and what was written meanwhile has been sent; what it writes is
   * sent after that. Says whether there is to be another turn at once
   */
  constructor(clock: Pick<Clock, 'monotonic'>, onRead?: () => boolean) {
    this.#clock = clock;
    this.#onRead = onRead;
  }

  /** Whether there was nothing to do for a while before the turn that is under way, or before the last one. */
  get rested(): boolean {
    return this.#rested;
  }

  /** Whether the turn under way is that of a short datagram that came alone. */
  get alone(): boolean {
    return this.#alone;
  }

  wake(taker: TurnTaker): void {
    if (taker.awake) return;
    taker.awake = true;
    this.#takers.push(taker);
    this.#await();
  }

  /** Wakes somebody for whom nobody waits: many of those have their turns one after another, between those of others. */
  wakePatiently(taker: TurnTaker): void {
    if (taker.awake || taker.patient) return;
    taker.patient = true;
    this.#patient.push(taker);
    this.#await();
  }

  /** A datagram of so many bytes has been taken in, and has woken its connection. */
  arrived(bytes: number): void {
    this.#datagrams += 1;
    if (!this.#calm || this.#datagrams > 1) return;
    this.#alone = bytes < SHORT_BYTES;
    this.#run(() => undefined);
    this.#alone = false;
  }

  #iterated(): void {
    this.#calm = this.#datagrams <= 1;
    this.#admit(this.#datagrams < POLLED_DATAGRAMS ? PATIENT_TAKERS : PATIENT_TAKERS_IN_BURSTS);
    this.#datagrams = 0;
    // Who is woken while others read has its turn in this one.
    this.#run(() => (this.#awaited = false));
    if (this.#patient.length > 0) this.#await();
  }

  /** Has the first of those who can wait take part in this turn, unless they had theirs for another reason. */
  #admit(most: number): void {
    if (this.#patient.length === 0) return;
    for (const taker of this.#patient.splice(0, most)) if (taker.patient) this.wake(taker);
  }

  #await(): void {
    if (this.#awaited) return;
    this.#awaited = true;
    setImmediate(() => this.#iterated());
  }

  #run(allRead: () => void): void {
    this.#rested = this.#clock.monotonic() - this.#endedAt >= REST_MS;
    const takers = this.#readAll();
    let again = false;
    let later: readonly TurnTaker[] = [];
    if (this.#onRead !== undefined) {
      flush(takers);
      again = this.#onRead();
      later = this.#readAll();
    }
    allRead();
    if (again) this.#await();
    flush(this.#onRead === undefined ? takers : later);
    for (const taker of takers) taker.settle();
    for (const taker of later) taker.settle();
    this.#endedAt = this.#clock.monotonic();
  }

  /** Has everybody who was woken read, and whoever is woken by that. */
  #readAll(): readonly TurnTaker[] {
    for (let read = 0; read < this.#takers.length; read += 1) this.#takers[read]?.advance();
    const takers = this.#takers;
    this.#takers = [];
    for (const taker of takers) {
      taker.awake = false;
      taker.patient = false;
    }
    return takers;
  }
}

function flush(takers: readonly TurnTaker[]): void {
  for (const taker of takers) taker.flush();
}
