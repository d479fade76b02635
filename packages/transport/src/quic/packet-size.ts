import { BlackHole, LOSSES_MAX, settledAt, type AskLosses, type Losses } from './black-hole.ts';

/** Every path of QUIC carries datagrams of this size (RFC 9000, section 14). */
export const BASE_BYTES = 1_200;

/** Sizes worth a try in between: through WireGuard over IPv6, and Ethernet's over IPv6. */
const STEPS_BYTES = [1_372, 1_452];

/**
 * When a size that was lost is tried again: a burst of other losses looks the same, and routes change. RFC 8899 (section 5.1.1)
 * has 600 s for those that probe with empty packets; here a try costs at most three packets that are sent twice.
 */
const RETRY_MS = 60_000;

/** A try of the next size with one datagram. */
interface Probe {
  /** The losses before it. */
  readonly before: Losses;
  /** When its fate is known; unknown until it has been sent. */
  until: number | undefined;
  sent: boolean;
}

/**
 * How large the datagrams of one path are: the base size until the path is validated, then what the interface carries. Whatever is
 * sent is its own probe, in the manner of RFC 8899: when everything large is lost while the rest gets through, the path goes
 * back to the base size, and up from there in steps, one datagram at a time. What was lost is tried again after a while. Pure:
 * time is passed in.
 */
export class PacketSize {
  readonly #most: number;
  #sizes: readonly number[];
  readonly #blackHole = new BlackHole();
  #validated = false;
  /** Of the size in use, among the sizes. */
  #level = 0;
  /** Of the least size that seems to be lost. */
  #failed: number;
  #retryAt = 0;
  #probe: Probe | undefined;
  #probesLost = 0;

  /** @param target bytes of payload that the interface carries; no path of the connection will have more */
  constructor(target: number) {
    this.#most = target;
    this.#sizes = sizesUpTo(target);
    this.#failed = this.#sizes.length;
  }

  get current(): number {
    return this.#bytesAt(this.#level);
  }

  /** Another size for one datagram: a larger one to be tried, if there is enough to send; the base size after a timeout. */
  get probe(): number | undefined {
    if (this.#blackHole.cautious) return BASE_BYTES;
    if (this.#probe === undefined || this.#probe.sent) return undefined;
    return this.#bytesAt(this.#level + 1);
  }

  /** The peer has answered from where it claims to be. */
  validated(): void {
    if (this.#validated) return;
    this.#validated = true;
    this.#level = this.#sizes.length - 1;
  }

  /** A path that has not been validated yet, or another interface: what was known is of no use. @param target what that carries */
  moved(target: number): void {
    this.#validated = false;
    this.#sizes = sizesUpTo(Math.min(target, this.#most));
    this.#use(0);
    this.#failed = this.#sizes.length;
  }

  sent(bytes: number): void {
    if (bytes <= BASE_BYTES) this.#blackHole.sentSmall();
    else if (bytes <= this.#bytesAt(this.#level)) this.#blackHole.sent(bytes);
    else if (this.#probe !== undefined) this.#probe.sent = true;
  }

  /** The system says that a datagram is too large for the interface (`EMSGSIZE`). */
  tooLarge(now: number): void {
    if (this.#level > 0) this.#fallBack(now);
    else if (this.#probe?.sent === true) this.#giveUp(now);
  }

  /** A timeout of loss detection. */
  timedOut(now: number, ask: AskLosses): void {
    this.#blackHole.timedOut(now, ask);
  }

  /** Something has come from the peer. */
  heard(now: number, ask: AskLosses): void {
    if (this.#blackHole.heard(now, ask)) this.#fallBack(now);
    if (this.#validated && this.#level + 1 < this.#sizes.length) this.#climb(now, ask);
  }

  #bytesAt(level: number): number {
    return this.#sizes[level] ?? BASE_BYTES;
  }

  #climb(now: number, ask: AskLosses): void {
    const probe = this.#probe;
    if (probe === undefined) {
      if (this.#level + 1 < this.#failed || now >= this.#retryAt)
        this.#probe = { before: ask(), until: undefined, sent: false };
    } else if (probe.sent) {
      probe.until ??= settledAt(now, ask());
      if (now >= probe.until) this.#judge(probe.before, now, ask());
    }
  }

  /** All other datagrams were smaller: if what was lost is larger on average than they can be, the probe is among it. */
  #judge(before: Losses, now: number, after: Losses): void {
    this.#probe = undefined;
    if (after.bytes - before.bytes <= (after.packets - before.packets) * this.#bytesAt(this.#level)) {
      if (this.#level + 1 >= this.#failed) this.#failed = this.#sizes.length;
      this.#use(this.#level + 1);
    } else if (++this.#probesLost >= LOSSES_MAX) this.#giveUp(now);
  }

  #giveUp(now: number): void {
    this.#failed = this.#level + 1;
    this.#retryAt = now + RETRY_MS;
    this.#use(this.#level);
  }

  #fallBack(now: number): void {
    this.#failed = this.#level;
    this.#retryAt = now + RETRY_MS;
    this.#use(0);
  }

  #use(level: number): void {
    this.#level = level;
    this.#blackHole.forget();
    this.#probe = undefined;
    this.#probesLost = 0;
  }
}

/** The base size, the steps, and what the interface carries. */
function sizesUpTo(target: number): readonly number[] {
  const larger = [...STEPS_BYTES.filter((bytes) => bytes < target), target];
  return [BASE_BYTES, ...larger.filter((bytes) => bytes > BASE_BYTES)];
}
