import { QconnError } from '@qconn/protocol';
import type { SocketAddress } from '../connection.ts';
import { issueIds, takeRetiredIds } from './connection-ids.ts';
import type { ConnectionHost } from './connection-host.ts';
import { LeftPaths } from './left-paths.ts';
import { destinationKey, keyOfId } from './packet-header.ts';
import { PathWatch } from './path-watch.ts';
import { Paths } from './paths.ts';
import type { PeerPort, PeerPorts } from './peer-port.ts';
import type { QuicConnection } from './quic-connection.ts';
import type { Traffic } from './traffic.ts';

/** How long a new path may take to answer, in milliseconds: two lost probes and a slow way. */
const PROBE_DEADLINE_MS = 3_000;

/** What the whereabouts of a connection are made from. */
export interface WhereaboutsParts {
  /** Whose they are; its engine and its sender are there already. */
  readonly connection: QuicConnection;
  readonly host: ConnectionHost;
  readonly peer: PeerPorts;
  readonly traffic: Traffic;
}

/** Where the two ends of a connection are, and how they move (RFC 9000, section 9). */
export class Whereabouts {
  readonly #connection: QuicConnection;
  readonly #host: ConnectionHost;
  readonly #peer: PeerPorts;
  readonly #traffic: Traffic;
  readonly #paths: Paths;
  readonly #left: LeftPaths;
  readonly #watch = new PathWatch();
  /** Of the host of the datagram that is being taken in, if it comes from another port than the peer's. */
  #elsewhere: PeerPort | undefined;
  #takenBefore = 0;

  constructor({ connection, host, peer, traffic }: WhereaboutsParts) {
    this.#connection = connection;
    this.#host = host;
    this.#peer = peer;
    this.#traffic = traffic;
    const { native, sender } = connection;
    const peerMoved = (): void => {
      if (this.#paths.exhausted) this.#sendAway();
    };
    this.#left = new LeftPaths({ clock: host.clock, native, sender, peer });
    const payloadTowards = (to: string): number => host.payloadTowards(to);
    this.#paths = new Paths({ native, sender, traffic, peer, left: this.#left, payloadTowards, peerMoved });
  }

  /** Where the peer is now. */
  get remote(): SocketAddress {
    return this.#peer.active.current;
  }

  /** Monotonic time at which to call {@link Whereabouts.settle}. */
  get dueAt(): number {
    return Math.min(this.#peer.active.dueAt, this.#left.dueAt);
  }

  /** True while a move of this side is under way. */
  get moving(): boolean {
    return this.#paths.moving;
  }

  /**
   * A datagram is about to be taken in.
   * @param confirmed whether the handshake is: before that nobody moves
   * @returns where the engine is told that it comes from
   */
  arriving(datagram: Buffer, from: SocketAddress, confirmed: boolean): SocketAddress {
    const port = this.#peer.of(from);
    this.#elsewhere = undefined;
    if (confirmed && port !== undefined && port.current.port !== from.port) {
      // Whoever moves on purpose takes a fresh id along, and gets a path of its own.
      if (destinationKey(datagram) !== keyOfId(this.#connection.native.sourceId())) {
        this.#watch.received(true);
        return from;
      }
      this.#elsewhere = port;
      this.#takenBefore = this.#connection.native.stats().recv;
    } else port?.stays();
    this.#watch.received(port !== this.#peer.active);
    return port?.known ?? from;
  }

  /** The engine has had the datagram. @returns whether it speaks for a new port, and so wants an answer */
  arrived({ port }: SocketAddress, bytes: number, now: number): boolean {
    const elsewhere = this.#elsewhere;
    if (elsewhere === undefined || this.#connection.native.stats().recv === this.#takenBefore) return false;
    elsewhere.heard(port, bytes, now);
    // Who moves on purpose takes a fresh id with it.
    issueIds(this.#connection, this.#host);
    return true;
  }

  /** @returns whether there is something to send */
  settle(now: number): boolean {
    this.#peer.active.settle(now);
    return this.#left.challenge(now);
  }

  /** Asks the engine for news of paths and ids: for a while after something has moved, and now and then. */
  look(): void {
    if (!this.#watch.take()) return;
    if (this.#paths.advance()) issueIds(this.#connection, this.#host);
    takeRetiredIds(this.#connection, this.#host, this.#traffic);
  }

  /** Moves this side to a fresh port. @throws QconnError `unreachable` when the peer does not answer there */
  async move(): Promise<void> {
    const socket = await this.#host.openPath(this.#connection);
    const { ended } = this.#connection;
    if (ended !== undefined) {
      await socket.close();
      throw new QconnError('closed', 'The connection has ended.', { cause: ended.error });
    }
    const moved = this.#watch.follow(this.#paths.migrateTo(socket, this.#connection.remote));
    const timer = this.#host.clock.setTimer(PROBE_DEADLINE_MS, () => {
      this.giveUp(new QconnError('unreachable', 'Nobody answered on the new path.'));
    });
    this.#host.wake(this.#connection);
    return moved.finally(() => timer.cancel());
  }

  /** Gives up a move that has not come about. */
  giveUp(error: QconnError): void {
    this.#paths.giveUp(error);
  }

  /** A peer that has no path left would fall silent with its next move: better to send it away while it hears. */
  #sendAway(): void {
    const error = new QconnError('going_away', 'The address has changed too often: connect anew.');
    this.#connection.close(error.wire, error.message);
  }
}
