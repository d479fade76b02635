/** How long one measurement of a connection's traffic lasts, in milliseconds. */
const WINDOW_MS = 1_000;

/**
 * Small datagrams that a peer may send without moving any stream, and how many of them are forgiven each second: an honest
 * one that only pings, acknowledges and keeps alive stays far below. What has to stay bounded is their sum, not
 * their rate: the engine keeps something of each (CVE-2023-6193, CVE-2024-1765).
 */
const FREE_DATAGRAMS = 5_000;
const FORGIVEN_DATAGRAMS = 50;

/** The same of large ones: what fills the windows of readers that have stopped is honest, and moves nothing yet. */
const FREE_LARGE_DATAGRAMS = 25_000;
const FORGIVEN_LARGE_DATAGRAMS = 5;

/** From this size on a datagram is large. */
const LARGE_BYTES = 1_000;

/** From how many datagrams in a second on it is asked how many of them the engine has taken: fewer are forgiven anyway. */
const SAMPLE_DATAGRAMS = 10;

/** Stream bytes that pay for one more datagram, either way: a small frame of its own is 16 bytes. */
const BYTES_PER_DATAGRAM = 16;

/** Streams a second that a peer may reset or stop (the "rapid reset" of HTTP/2, CVE-2023-44487). */
const STREAM_RESETS = 2_000;

/** Path changes a second: a NAT that rebinds all the time makes one or two. */
const PATH_CHANGES = 20;

/** Connection ids a second that a peer may use up (CVE-2024-1410, CVE-2025-7054). */
const RETIRED_IDS = 50;

/** Bytes of handshake that a peer may send: a chain of certificates is a few thousand. */
const HANDSHAKE_BYTES: number = 64 * 1024;

/**
 * What one connection does in the current second, and whether any honest peer would do it. Pure: time is
 * passed in. The engine has known faults that a peer with a certificate can trigger (docs/security.md);
 * what they have in common is traffic that carries nothing.
 */
export class Traffic {
  #windowStart = 0;
  /** Datagrams ever, and how many of them, up to the last look, the engine had not taken. */
  #received = 0;
  #forgedBefore = 0;
  /** Those of earlier seconds that nothing has paid for yet. */
  #smallBefore = 0;
  #largeBefore = 0;
  #small = 0;
  #large = 0;
  #sent = 0;
  #streamBytes = 0;
  #resets = 0;
  #pathChanges = 0;
  #retiredIds = 0;
  #handshakeBytes = 0;

  datagramReceived(bytes: number): void {
    this.#received += 1;
    if (bytes >= LARGE_BYTES) this.#large += 1;
    else this.#small += 1;
  }

  /** Bytes that came before the handshake had finished. */
  handshakeReceived(bytes: number): void {
    this.#handshakeBytes += bytes;
  }

  datagramSent(): void {
    this.#sent += 1;
  }

  /** Bytes of streams, received or sent. */
  streamMoved(bytes: number): void {
    this.#streamBytes += bytes;
  }

  streamReset(): void {
    this.#resets += 1;
  }

  pathChanged(): void {
    this.#pathChanges += 1;
  }

  idRetired(): void {
    this.#retiredIds += 1;
  }

  /**
   * What is excessive about the traffic, for people; `undefined` while nothing is.
   * @param authentic packets of the peer that the engine has taken in, ever: what others have sent in the peer's name
   * does not count, or whoever can watch a connection could have it cut off
   */
  excess(now: number, authentic: () => number): string | undefined {
    const found = this.#excess(authentic);
    if (found === undefined && now - this.#windowStart >= WINDOW_MS) this.#begin(now, authentic);
    return found;
  }

  /** True when this side sends without end, which only a fault of the engine can cause. */
  get runaway(): boolean {
    return this.#sent > 2 * (FREE_DATAGRAMS + this.#small + this.#large + this.#streamBytes / BYTES_PER_DATAGRAM);
  }

  #excess(authentic: () => number): string | undefined {
    const paid = this.#streamBytes / BYTES_PER_DATAGRAM;
    if (this.#owes(paid, 0) && this.#owes(paid, this.#forged(authentic())))
      return 'datagrams that carry next to nothing';
    if (this.#resets > STREAM_RESETS) return 'stream resets';
    if (this.#pathChanges > PATH_CHANGES) return 'changes of its address';
    if (this.#retiredIds > RETIRED_IDS) return 'retired connection ids';
    if (this.#handshakeBytes > HANDSHAKE_BYTES) return 'bytes of handshake';
    return undefined;
  }

  /** Whether there are too many datagrams for what they carry. @param forged how many of them were not the peer's */
  #owes(paid: number, forged: number): boolean {
    const small = this.#smallBefore + this.#small - forged;
    const large = this.#largeBefore + this.#large - forged;
    return small > FREE_DATAGRAMS + paid || large > FREE_LARGE_DATAGRAMS + paid;
  }

  /** How many datagrams of this window the engine has not taken. @param authentic packets that it has taken, ever */
  #forged(authentic: number): number {
    const unseen = this.#received - authentic - this.#forgedBefore;
    return Math.max(0, Math.min(unseen, this.#small + this.#large));
  }

  #begin(now: number, authentic: () => number): void {
    const seconds = (now - this.#windowStart) / 1_000;
    let forgiven = this.#streamBytes / BYTES_PER_DATAGRAM;
    if (this.#small + this.#large >= SAMPLE_DATAGRAMS) {
      const taken = authentic();
      forgiven += this.#forged(taken);
      this.#forgedBefore = this.#received - taken;
    }
    const small = this.#smallBefore + this.#small - forgiven - seconds * FORGIVEN_DATAGRAMS;
    const large = this.#largeBefore + this.#large - forgiven - seconds * FORGIVEN_LARGE_DATAGRAMS;
    this.#smallBefore = Math.max(0, small);
    this.#largeBefore = Math.max(0, large);
    this.#windowStart = now;
    this.#small = 0;
    this.#large = 0;
    this.#sent = 0;
    this.#streamBytes = 0;
    this.#resets = 0;
    this.#pathChanges = 0;
    this.#retiredIds = 0;
  }
}
