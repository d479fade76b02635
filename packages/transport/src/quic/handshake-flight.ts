import type { SocketAddress } from '../connection.ts';

/**
 * After how long without an answer the datagrams of a handshake are sent again, in milliseconds: the first time, and at
 * most. As long as it knows no round trip, the engine waits for 1, 2, 4 and 8 s (RFC 9002, section 6.2.2), which on a bad
 * network adds up to more than anybody waits for. The maximum is short, so that a client that dials through an outage is
 * connected half a second after its end.
 */
const REPEAT_MS = 250;
const REPEAT_MAX_MS = 500;

/** The largest flight is the server's: its chain and what goes with it. The rest of a client's early data is the engine's affair. */
const DATAGRAMS_MAX = 8;

/** What a server may send for each byte that came from an address that has not been proven (RFC 9000, section 8.1). */
const AMPLIFICATION = 3;

/** A datagram that has been sent, and where to. */
export interface SentDatagram {
  readonly bytes: Uint8Array;
  readonly to: SocketAddress;
}

/**
 * The datagrams that this side has sent in the present stage of its handshake. They are sent again as they are,
 * as a network might deliver them twice, until the peer is known to be through: whoever has had them already drops
 * them (RFC 9000, section 12.3), and whoever has not need not wait for the engine. Pure: time is passed in.
 */
export class HandshakeFlight {
  readonly #role: 'client' | 'server';
  #datagrams: SentDatagram[] = [];
  #repeatAt = Number.POSITIVE_INFINITY;
  /** Until the next repetition; 0 when the flight has grown since this was last thought about. */
  #waitMs = 0;
  #allowance = 0;

  constructor(role: 'client' | 'server') {
    this.#role = role;
  }

  /** Monotonic time at which to ask {@link HandshakeFlight.repeat}. */
  get dueAt(): number {
    return this.#repeatAt;
  }

  /** Whether this side may send a datagram of so many bytes. */
  allows(bytes: number): boolean {
    return this.#role === 'client' || bytes <= this.#allowance;
  }

  /** @param bytes belong to the flight from now on */
  sent(bytes: Uint8Array, to: SocketAddress): void {
    this.#allowance -= bytes.length;
    if (this.#datagrams.length === DATAGRAMS_MAX) this.#datagrams.shift();
    this.#datagrams.push({ bytes, to });
    this.#waitMs = 0;
  }

  /** Has what has been sent lately repeated in its time. */
  armAt(now: number): void {
    if (this.#waitMs > 0 || this.#datagrams.length === 0) return;
    this.#waitMs = REPEAT_MS;
    this.#repeatAt = now + REPEAT_MS;
  }

  /** This side is through, and sends its last flight next. */
  established(): void {
    this.#datagrams = [];
  }

  received(bytes: number): void {
    this.#allowance += AMPLIFICATION * bytes;
  }

  /** What to send again now. */
  repeat(now: number): readonly SentDatagram[] {
    if (now < this.#repeatAt) return [];
    this.#waitMs = Math.min(this.#waitMs * 2, REPEAT_MAX_MS);
    this.#repeatAt = now + this.#waitMs;
    return this.#datagrams.filter(({ bytes }) => {
      const allowed = this.allows(bytes.length);
      if (allowed) this.#allowance -= bytes.length;
      return allowed;
    });
  }
}
