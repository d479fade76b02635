import type { QconnError } from '@qconn/protocol';
import type { PathSigns } from '../connection.ts';
import type { EndedConnection } from './close-info.ts';
import type { ConnectionLimits } from './options.ts';

/**
 * A datagram of at most this many bytes that ends a silence of this many milliseconds is a keepalive, or a close: beside its
 * header, a connection id of 20 bytes and its tag it has no room for a message.
 */
const KEEPALIVE_BYTES = 44;
const SILENT_MS = 1_000;

/** What is known of the peer's being there, and when to do something about it. Pure: time is passed in. */
export class Liveness {
  readonly #role: 'client' | 'server';
  readonly #server: string | undefined;
  readonly #keepAliveMs: number;
  readonly #handshakeBy: number;
  #established = false;
  #heard = false;
  #heardAt = Number.NEGATIVE_INFINITY;
  #confirmed = false;
  #ended = false;
  #askedAt: number | undefined;
  #error: QconnError | undefined;
  #keepAliveAt = Number.POSITIVE_INFINITY;

  /** @param server see {@link EndedConnection} */
  constructor(role: 'client' | 'server', limits: ConnectionLimits, now: number, server?: string) {
    this.#role = role;
    this.#server = server;
    this.#keepAliveMs = limits.keepAliveMs;
    this.#handshakeBy = now + limits.handshakeDeadlineMs;
  }

  /** True once the handshake has finished, also after the end. */
  get established(): boolean {
    return this.#established;
  }

  /**
   * True once something with a short header has come since then: the peer, too, is through with the handshake. Its flight, which it
   * repeats until it knows of this side's, says nothing of that.
   */
  get confirmed(): boolean {
    return this.#confirmed;
  }

  /** Monotonic time at which something has to be done. */
  get dueAt(): number {
    if (this.#ended) return Number.POSITIVE_INFINITY;
    return this.#established ? this.#keepAliveAt : this.#handshakeBy;
  }

  /** What there is to know of a connection that ends now. */
  get condition(): EndedConnection {
    return { role: this.#role, server: this.#server, established: this.#established, heard: this.#heard };
  }

  /** For how long the peer has left unanswered what it has to answer, and what the system says of the way to it. */
  path(now: number): PathSigns {
    return { unansweredMs: this.#askedAt === undefined ? 0 : now - this.#askedAt, error: this.#error };
  }

  /** Something has been sent that has to be answered, if only with an acknowledgement. */
  asked(now: number): void {
    this.#askedAt ??= now;
  }

  networkFailed(error: QconnError): void {
    this.#error = error;
  }

  /**
   * A datagram has come.
   * @param ofHandshake whether it begins with a packet of the handshake
   * @returns whether it is no more than a sign of life, for which nobody waits
   */
  received(bytes: number, now: number, ofHandshake: boolean): boolean {
    const silent = now - this.#heardAt >= SILENT_MS;
    this.#heardAt = now;
    this.#heard = true;
    this.#askedAt = undefined;
    this.#error = undefined;
    if (this.#established && !ofHandshake) this.#confirmed = true;
    return silent && bytes <= KEEPALIVE_BYTES;
  }

  /** The handshake has finished. The client is the one that keeps the connection alive. */
  establish(now: number): void {
    this.#established = true;
    if (this.#role === 'client') this.#keepAliveAt = now + this.#keepAliveMs;
  }

  handshakeLate(now: number): boolean {
    return !this.#ended && !this.#established && now >= this.#handshakeBy;
  }

  /** Whether it is time to say something, so that the connection stays alive. Asked anew after each keepalive. */
  takeKeepAlive(now: number): boolean {
    if (this.#ended || now < this.#keepAliveAt) return false;
    this.#keepAliveAt = now + this.#keepAliveMs;
    return true;
  }

  /** The connection has ended: there is nothing to wait for and nothing to keep alive. */
  end(): void {
    this.#ended = true;
  }
}
