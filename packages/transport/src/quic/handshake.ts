import type { ConnectionHost } from './connection-host.ts';
import { FIRST_IDS, issueIds } from './connection-ids.ts';
import type { ConnectionTrace } from './connection-trace.ts';
import { HandshakeFlight } from './handshake-flight.ts';
import { Introduction } from './introduction.ts';
import type { Liveness } from './liveness.ts';
import { hasLongHeader } from './packet-header.ts';
import type { QuicConnection } from './quic-connection.ts';
import type { Traffic } from './traffic.ts';

/** What a handshake works with. */
export interface HandshakeParts {
  /** Whose it is; its engine and its sender are there already. */
  readonly connection: QuicConnection;
  readonly host: ConnectionHost;
  readonly liveness: Liveness;
  readonly traffic: Traffic;
  readonly trace: ConnectionTrace | undefined;
  /** Given the ticket that the server sends, once. */
  readonly onTicket: ((ticket: Uint8Array) => void) | undefined;
}

/** The handshake of a connection, from its first datagram until the peer, too, is through with it. */
export class Handshake {
  readonly introduction: Introduction;
  readonly #parts: HandshakeParts;
  #flight: HandshakeFlight | undefined;

  constructor(parts: HandshakeParts) {
    const { native, role } = parts.connection;
    this.#parts = parts;
    this.introduction = new Introduction(native, parts.onTicket);
    this.#flight = new HandshakeFlight(role);
  }

  /** Until the peer is through with its handshake. */
  get flight(): HandshakeFlight | undefined {
    return this.#flight;
  }

  /** Monotonic time at which to call {@link Handshake.repeat}. */
  get dueAt(): number {
    return this.#flight?.dueAt ?? Number.POSITIVE_INFINITY;
  }

  /** A datagram has come, and the engine has not had it yet. */
  arriving(datagram: Buffer): void {
    if (this.#flight === undefined) return;
    this.#flight.received(datagram.length);
    if (this.#parts.liveness.established && !hasLongHeader(datagram)) this.#peerIsThrough();
  }

  /** The engine has had it. */
  arrived(bytes: number): void {
    const { connection, liveness, traffic } = this.#parts;
    if (!liveness.established && !connection.native.isEstablished()) traffic.handshakeReceived(bytes);
  }

  /** Goes as far as what has come allows. @returns whether it has finished with this */
  advance(): boolean {
    const { connection, host } = this.#parts;
    if (connection.native.isEstablished()) {
      this.#establish();
      return true;
    }
    if (connection.role === 'server' && host.takesEarlyData && this.introduction.startsEarly) {
      this.introduction.begin();
      host.early(connection);
    }
    return false;
  }

  /** Sends again what is due of this side's flight. */
  repeat(now: number): void {
    if (this.#flight !== undefined) this.#parts.connection.sender.repeat(this.#flight, now);
  }

  /** The connection has ended. */
  end(): void {
    this.#flight = undefined;
  }

  /** Whoever sends packets with short headers has finished its handshake, or answers early data. */
  #peerIsThrough(): void {
    this.#flight = undefined;
    this.#parts.connection.sender.size.validated();
  }

  #establish(): void {
    const { connection, host, liveness, trace } = this.#parts;
    liveness.establish(host.clock.monotonic());
    // The engine fills a client's last packets of the handshake up to the size of the buffer: large ones wait for the next.
    if (connection.role === 'server') this.#peerIsThrough();
    else this.#flight?.established();
    issueIds(connection, host, connection.role === 'server' ? FIRST_IDS : undefined);
    this.introduction.finish(() => host.established(connection));
    trace?.established(connection.alpn);
  }
}
