/** What the engine has counted as lost since its start, and how long a round trip takes. */
export interface Losses {
  readonly packets: number;
  readonly bytes: number;
  readonly rttMs: number;
}

/** Asks the engine for its losses. That costs more than a packet, so ask seldom. */
export type AskLosses = () => Losses;

/** This many lost, and none that got through, make a size too large (MAX_PROBES of RFC 8899, section 5.1.2). */
export const LOSSES_MAX = 3;

/** How often it is checked that large datagrams get through, in milliseconds, while nothing speaks against it. */
const LOOK_MS = 1_000;

/** After two round trips and this, all has been acknowledged or counted as lost: the peer may wait 25 ms. */
const SETTLE_MS = 50;

/** When it is known of all that has been sent by now whether it arrived or was lost. */
export function settledAt(now: number, { rttMs }: Losses): number {
  return now + 2 * rttMs + SETTLE_MS;
}

/** Large datagrams that were sent. */
interface Sent {
  readonly count: number;
  readonly bytes: number;
}

const NONE: Sent = { count: 0, bytes: 0 };

/**
 * Finds out whether a path loses everything large that is sent (RFC 8899, section 4.3). The engine does not say what became
 * of a packet, but it counts lost bytes: if they are as many as all large datagrams together had, none has arrived.
 * Pure: time is passed in.
 */
export class BlackHole {
  /** Since one last came through. */
  #sent = NONE;
  /** At that time. */
  #before: Losses | undefined;
  /** What was sent before a certain moment, and when the fate of all of it is known. */
  #watched = NONE;
  #until: number | undefined;
  #lookAt: number | undefined;
  #cautious = false;

  /** Whether the next datagram should be small: after a timeout, so that something comes through in any case. */
  get cautious(): boolean {
    return this.#cautious;
  }

  /** A large datagram was sent. */
  sent(bytes: number): void {
    this.#sent = { count: this.#sent.count + 1, bytes: this.#sent.bytes + bytes };
  }

  /** A small datagram was sent. */
  sentSmall(): void {
    this.#cautious = false;
  }

  /** A timeout of loss detection: were large datagrams under way, they are under suspicion. */
  timedOut(now: number, ask: AskLosses): void {
    if (this.#sent.count === 0) return;
    // What is being watched stays so: in a black hole timeouts come faster than the answer, which each of them would put off.
    if (this.#until === undefined) this.#watch(now, ask());
    this.#cautious = true;
  }

  /** Something has come from the peer. @returns whether the path seems to lose all that is large */
  heard(now: number, ask: AskLosses): boolean {
    if (this.#until !== undefined) return now >= this.#until && this.#look(now, ask());
    if (this.#sent.count === 0) return false;
    this.#lookAt ??= now + LOOK_MS;
    if (now >= this.#lookAt) this.#watch(now, ask());
    return false;
  }

  /** Another size, or another path. */
  forget(): void {
    this.#sent = NONE;
    this.#before = undefined;
    this.#until = undefined;
    this.#cautious = false;
  }

  #watch(now: number, losses: Losses): void {
    this.#before ??= losses;
    this.#watched = this.#sent;
    this.#until = settledAt(now, losses);
  }

  #look(now: number, losses: Losses): boolean {
    const lost = losses.bytes - (this.#before?.bytes ?? 0);
    this.#until = undefined;
    this.#lookAt = now + LOOK_MS;
    if (lost >= this.#watched.bytes) return this.#watched.count >= LOSSES_MAX;
    this.#sent = NONE;
    this.#before = losses;
    return false;
  }
}
