import { QconnError } from '@qconn/protocol';
import type { SocketAddress } from '../connection.ts';
import type { DatagramSender } from './datagram-sender.ts';
import type { NativeConnection, PathEvent } from './native.ts';
import type { Traffic } from './traffic.ts';
import type { UdpSocket } from './udp-socket.ts';

/** What the paths of a connection work with. */
export interface PathsParts {
  readonly native: NativeConnection;
  readonly sender: DatagramSender;
  readonly traffic: Traffic;
  /** The peer is somewhere else now. */
  readonly peerMoved: (to: SocketAddress) => void;
}

interface Migration {
  readonly socket: UdpSocket;
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
  readonly #peerMoved: (to: SocketAddress) => void;
  #migration: Migration | undefined;
  #retired: UdpSocket[] = [];

  constructor({ native, sender, traffic, peerMoved }: PathsParts) {
    this.#native = native;
    this.#sender = sender;
    this.#traffic = traffic;
    this.#peerMoved = peerMoved;
  }

  /** Takes what the engine has to say of paths; left alone it would pile up (CVE-2023-6193). */
  drainEvents(): void {
    for (let event = this.#next(); event !== null; event = this.#next()) {
      if (event.type === 'New' || event.type === 'PeerMigrated') this.#traffic.pathChanged();
      if (event.type === 'PeerMigrated') this.#moved(event.new);
      if (event.type === 'Validated') this.#validated(event.local);
      if (event.type === 'Closed') this.#failed(event.local);
    }
  }

  /** Probes the way through a socket to the peer and moves there once it answers. */
  migrateTo(socket: UdpSocket, peer: SocketAddress): Promise<void> {
    if (this.#migration !== undefined)
      return Promise.reject(new QconnError('invalid_state', 'The connection is moving already.'));
    this.#sender.addSocket(socket);
    this.#native.probePath(socket.address, peer);
    return new Promise((resolve, reject) => {
      this.#migration = { socket, resolve, reject };
    });
  }

  /** The connection has ended. */
  abandon(error: QconnError): void {
    this.#migration?.reject(error);
    this.#migration = undefined;
  }

  #next(): PathEvent | null {
    return this.#native.pathEventNext();
  }

  #moved(to: SocketAddress): void {
    this.#sender.size.moved();
    this.#peerMoved(to);
  }

  #validated(local: SocketAddress): void {
    this.#sender.size.validated();
    const migration = this.#migration;
    if (migration === undefined || local.port !== migration.socket.address.port) return;
    this.#migration = undefined;
    const left = this.#sender.socket;
    try {
      this.#native.migrate(migration.socket.address, migration.socket.peer as SocketAddress);
    } catch (cause) {
      migration.reject(new QconnError('unreachable', 'The engine refused to move the connection.', { cause }));
      return;
    }
    this.#sender.use(migration.socket);
    this.#retire(left);
    migration.resolve();
  }

  #failed(local: SocketAddress): void {
    const migration = this.#migration;
    if (migration === undefined || local.port !== migration.socket.address.port) return;
    this.#migration = undefined;
    this.#sender.removeSocket(migration.socket);
    void migration.socket.close();
    migration.reject(new QconnError('unreachable', 'Nobody answered on the new path.'));
  }

  /** What is still under way to a socket that was left comes in until the next move. */
  #retire(socket: UdpSocket): void {
    for (const older of this.#retired) {
      this.#sender.removeSocket(older);
      void older.close();
    }
    this.#retired = [socket];
  }
}
