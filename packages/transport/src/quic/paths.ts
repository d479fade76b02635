import { QconnError } from '@qconn/protocol';
import type { SocketAddress } from '../connection.ts';
import type { DatagramSender, Path } from './datagram-sender.ts';
import type { LeftPaths } from './left-paths.ts';
import type { NativeConnection, PathEvent } from './native.ts';
import { ACTIVE_CONNECTION_IDS } from './options.ts';
import type { PeerPorts } from './peer-port.ts';
import type { Traffic } from './traffic.ts';
import type { UdpSocket } from './udp-socket.ts';

/** What the paths of a connection work with. */
export interface PathsParts {
  readonly native: NativeConnection;
  readonly sender: DatagramSender;
  readonly traffic: Traffic;
  readonly peer: PeerPorts;
  readonly left: LeftPaths;
  /** Bytes of UDP payload that the interface towards an address carries. */
  readonly payloadTowards: (host: string) => number;
  /** The peer is somewhere else now. */
  readonly peerMoved: () => void;
}

interface Migration {
  readonly socket: UdpSocket;
  readonly peer: SocketAddress;
  probing: boolean;
  resolve(): void;
  reject(error: QconnError): void;
}

/**
 * The network paths of a connection (RFC 9000, section 9): notices that the peer has moved, and moves
 * this side to another socket when asked.
 */
export class Paths {
  readonly #native: NativeConnection;
  readonly #sender: DatagramSender;
  readonly #traffic: Traffic;
  readonly #peer: PeerPorts;
  readonly #payloadTowards: (host: string) => number;
  readonly #peerMoved: () => void;
  readonly #left: LeftPaths;
  #migration: Migration | undefined;
  #moves = 0;
  /** Whether the last event was that the peer uses an id from another address. */
  #reused = false;

  constructor({ native, sender, traffic, peer, left, payloadTowards, peerMoved }: PathsParts) {
    this.#native = native;
    this.#sender = sender;
    this.#traffic = traffic;
    this.#peer = peer;
    this.#left = left;
    this.#payloadTowards = payloadTowards;
    this.#peerMoved = peerMoved;
  }

  /**
   * True when the connection has moved as often as it can. The engine never lets go of a path while an id is
   * tied to it, ties spare ids to the paths that were left, and takes no more paths than ids.
   */
  get exhausted(): boolean {
    return this.#moves >= ACTIVE_CONNECTION_IDS - 1;
  }

  /**
   * Takes what the engine has to say of paths; left alone it would pile up (CVE-2023-6193).
   * @returns whether the peer has begun to use another path
   */
  advance(): boolean {
    let news = false;
    for (let event = this.#next(); event !== null; event = this.#next()) {
      if (event.type === 'New' || event.type === 'PeerMigrated') {
        news = true;
        this.#traffic.pathChanged();
      }
      // Whoever comes from elsewhere with the id of before has been moved, by a NAT, and has no other path.
      if (event.type === 'New' && !this.#reused) this.#sender.tries(event);
      this.#reused = event.type === 'ReusedSourceConnectionId';
      if (event.type === 'PeerMigrated') this.#peerHasMoved(event.new);
      if (event.type === 'Validated') this.#validated(event);
      if (event.type === 'Closed') this.#closed(event);
    }
    if (this.#migration !== undefined) this.#probe(this.#migration);
    return news;
  }

  /** Probes the way through a socket to the peer and moves there once it answers. */
  migrateTo(socket: UdpSocket, peer: SocketAddress): Promise<void> {
    if (this.#migration !== undefined || this.exhausted) {
      void socket.close();
      const why = this.exhausted
        ? 'The connection has moved too often: connect anew.'
        : 'The connection is moving already.';
      return Promise.reject(new QconnError(this.exhausted ? 'unreachable' : 'invalid_state', why));
    }
    this.#sender.tryOut(socket);
    return new Promise((resolve, reject) => {
      this.#migration = { socket, peer, probing: false, resolve, reject };
    });
  }

  /** True while a move of this side is under way. */
  get moving(): boolean {
    return this.#migration !== undefined;
  }

  /** Gives up a move that has not come about. */
  giveUp(error: QconnError): void {
    const migration = this.#migration;
    if (migration === undefined) return;
    this.#migration = undefined;
    this.#sender.giveUpTried();
    migration.reject(error);
  }

  #next(): PathEvent | null {
    return this.#native.pathEventNext();
  }

  /** A new path needs an id of the peer's that no other path has used: until the first has come, the probe waits. */
  #probe(migration: Migration): void {
    if (migration.probing || this.#native.availableDcids() === 0) return;
    migration.probing = true;
    this.#moves += 1;
    const way = { local: migration.socket.address, peer: migration.peer };
    this.#native.probePath(way.local, way.peer);
    this.#sender.tries(way);
  }

  #peerHasMoved(peer: SocketAddress): void {
    const local = this.#sender.socket.address;
    this.#sender.size.moved(this.#payloadTowards(peer.host));
    // Whoever moves on purpose has had the path validated before.
    if (this.#native.isPathValidated(local, peer)) this.#sender.size.validated();
    this.#moves += 1;
    this.#sender.moved();
    this.#left.add(local, this.#peer.moveTo(peer).known);
    this.#peerMoved();
  }

  #validated(way: Path): void {
    this.#sender.decided(way);
    if (this.#isInUse(way)) this.#sender.size.validated();
    const migration = this.#migration;
    if (migration === undefined || way.local.port !== migration.socket.address.port) return;
    const leaving = this.#sender.socket.address;
    try {
      this.#native.migrate(migration.socket.address, migration.peer);
    } catch (cause) {
      this.giveUp(new QconnError('unreachable', 'The engine refused to move the connection.', { cause }));
      return;
    }
    this.#migration = undefined;
    this.#sender.size.moved(this.#payloadTowards(migration.peer.host));
    this.#sender.size.validated();
    this.#sender.settleOnTried();
    this.#left.add(leaving, migration.peer);
    migration.resolve();
  }

  /** Whether a path is the one in use: another that has been validated says nothing of what this one carries. */
  #isInUse({ local, peer }: Path): boolean {
    return local.port === this.#sender.socket.address.port && this.#peer.active.isAt(peer);
  }

  #closed(way: Path): void {
    this.#sender.decided(way);
    const { local } = way;
    if (local.port !== this.#migration?.socket.address.port) return;
    this.giveUp(new QconnError('unreachable', 'Nobody answered on the new path.'));
  }
}
