import type { SocketAddress } from '../connection.ts';
import type { ConnectionTrace } from './connection-trace.ts';
import type { HandshakeFlight } from './handshake-flight.ts';
import type { NativeConnection } from './native.ts';
import { BASE_BYTES, PacketSize } from './packet-size.ts';
import type { PeerPorts } from './peer-port.ts';
import type { SendRings } from './send-ring.ts';
import type { Traffic } from './traffic.ts';
import type { UdpSocket } from './udp-socket.ts';

/** Why sending stopped: nothing is left, the limit is reached, or the system takes no more now. */
export type SendOutcome = 'done' | 'more' | 'held';

/** A path (RFC 9000, section 9), as the engine names one. */
export interface Path {
  readonly local: SocketAddress;
  readonly peer: SocketAddress;
}

/** A challenge and an answer to one, each in a datagram of its own if need be. */
const DATAGRAMS_PER_PROBE = 2;

/** What a sender works with. */
export interface SenderParts {
  readonly native: NativeConnection;
  readonly socket: UdpSocket;
  readonly peer: PeerPorts;
  readonly rings: SendRings;
  readonly traffic: Traffic;
  /** Bytes of payload that the interface carries. */
  readonly payloadBytes: number;
  readonly trace: ConnectionTrace | undefined;
  /** Told when the system refuses a datagram that was watched. */
  readonly failed: (error: NodeJS.ErrnoException) => void;
}

/** Takes a connection's datagrams from the engine and sends each from the socket of its path. */
export class DatagramSender {
  readonly size: PacketSize;
  readonly #native: NativeConnection;
  readonly #peer: PeerPorts;
  readonly #rings: SendRings;
  readonly #traffic: Traffic;
  readonly #trace: ConnectionTrace | undefined;
  readonly #failed: (error: NodeJS.ErrnoException) => void;
  /** The largest datagram that the system has been asked about. */
  #largest = BASE_BYTES;
  #watches = false;
  /** Paths that nobody has validated: what goes there has the base size, whatever the one in use carries. */
  #unproven: Path[] = [];
  #ended = false;
  /** The socket in use, one that a client may move to, and one that it has left, where datagrams may still arrive. */
  #socket: UdpSocket;
  #tried: UdpSocket | undefined;
  #left: UdpSocket | undefined;

  constructor({ native, socket, peer, rings, traffic, payloadBytes, trace, failed }: SenderParts) {
    this.#failed = failed;
    this.#native = native;
    this.#peer = peer;
    this.#rings = rings;
    this.#traffic = traffic;
    this.#trace = trace;
    this.size = new PacketSize(payloadBytes);
    this.#socket = socket;
  }

  /** The socket of the path in use. */
  get socket(): UdpSocket {
    return this.#socket;
  }

  /** Lets go of all of them, in use or not. */
  close(): void {
    for (const socket of [this.#socket, this.#tried, this.#left]) void socket?.close();
  }

  /** What the engine sends from this socket's address goes out there from now on, and everything else where it did. */
  tryOut(socket: UdpSocket): void {
    this.#tried = socket;
  }

  /** Moves to the socket that was tried out, with all that the engine sends; the one before the last is closed. */
  settleOnTried(): void {
    if (this.#tried === undefined) return;
    void this.#left?.close();
    this.#left = this.#socket;
    this.#socket = this.#tried;
    this.#tried = undefined;
  }

  /** Closes the socket that was tried out. */
  giveUpTried(): void {
    void this.#tried?.close();
    this.#tried = undefined;
  }

  /** The engine has a path beside the one in use, which it validates. */
  tries(way: Path): void {
    if (!this.#ended) this.#unproven.push(way);
  }

  /** The connection is over: the peer has to hear of that on the path in use. */
  end(): void {
    this.#ended = true;
    this.#unproven = [];
  }

  /** Another path is the one in use: what else was tried is of no use. */
  moved(): void {
    this.#unproven = [];
  }

  /** A path has been validated, or given up. */
  decided({ local, peer }: Path): void {
    this.#unproven = this.#unproven.filter((way) => !same(way.local, local) || !same(way.peer, peer));
  }

  /**
   * @param limit datagrams to send at most
   * @param flight told of each, during the handshake
   */
  send(limit: number, flight?: HandshakeFlight): SendOutcome {
    if (this.#socket.congested) return 'held';
    if (this.#unproven.length > 0 && this.#sendProbes() === 'held') return 'held';
    const { probe } = this.size;
    if (probe !== undefined) {
      const outcome = this.#send(probe, 1, flight);
      if (outcome !== 'more') return outcome;
    }
    return this.#send(this.size.current, limit, flight);
  }

  /** Has the system say of the next datagram whether it takes it: nothing has been heard for some time. */
  watch(): void {
    this.#watches = true;
  }

  /** The system says that a datagram is too large for the interface (`EMSGSIZE`). */
  tooLarge(now: number): void {
    this.#largest = BASE_BYTES;
    this.size.tooLarge(now);
  }

  /** Sends again what is due of a handshake's flight. */
  repeat(flight: HandshakeFlight, now: number): void {
    for (const { bytes, to } of flight.repeat(now)) this.#socket.send(bytes, to);
  }

  #sendProbes(): SendOutcome {
    for (const way of this.#unproven) {
      try {
        if (this.#send(BASE_BYTES, DATAGRAMS_PER_PROBE, undefined, way) === 'held') return 'held';
      } catch {
        // The engine has let go of that path.
        this.decided(way);
      }
    }
    return 'done';
  }

  /** @param way of the engine's choice when left out */
  #send(bytes: number, limit: number, flight: HandshakeFlight | undefined, way?: Path): SendOutcome {
    const ring = this.#rings.ofSize(bytes);
    for (let left = limit; left > 0; left -= 1) {
      if (flight?.allows(bytes) === false) return 'done';
      const slot = ring.next();
      const packet = way === undefined ? this.#native.send(slot) : this.#native.sendOnPath(slot, way.local, way.peer);
      if (packet === null) return 'done';
      const [length, { from, to }] = packet;
      const socket = this.#tried?.address.port === from.port ? this.#tried : this.#socket;
      const datagram = length === bytes ? slot : slot.subarray(0, length);
      const port = this.#peer.at(to);
      socket.send(datagram, port.current, this.#watches || length > this.#largest ? this.#failed : undefined);
      this.#watches = false;
      if (length > this.#largest) this.#largest = length;
      const copyTo = port.copyTo(length);
      if (copyTo !== undefined) socket.send(datagram, copyTo);
      flight?.sent(slot.slice(0, length), to);
      this.#traffic.datagramSent();
      this.#trace?.sent(length);
      this.size.sent(length);
      if (socket.congested) {
        ring.abandon();
        return 'held';
      }
    }
    return 'more';
  }
}

function same(one: SocketAddress, other: SocketAddress): boolean {
  return one.port === other.port && one.host === other.host;
}
