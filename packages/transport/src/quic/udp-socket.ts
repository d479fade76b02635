import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { QconnError } from '@qconn/protocol';
import type { SocketAddress } from '../connection.ts';

/** What becomes of a socket. */
export interface UdpEvents {
  /** A datagram came. Its bytes are the callee's, to write to as well, until it returns: then their memory is taken away. */
  datagram(bytes: Buffer, from: RemoteInfo): void;
  /** The system refused to send, or reported an error of the network (`ECONNREFUSED`, `ENETUNREACH`, …). */
  failure(error: NodeJS.ErrnoException): void;
  /** The system takes datagrams again after {@link UdpSocket.congested}. */
  drained(): void;
}

/** Asked for from the system both ways, which may give less (Linux: `net.core.rmem_max`); a burst of 32 connections fits. */
const SOCKET_BUFFER_BYTES: number = 4 * 1024 * 1024;

/** Bytes that the system keeps for a socket, at most, until they are read, and until they have left. */
export interface SocketBuffers {
  readonly receiveBytes: number;
  readonly sendBytes: number;
}

/** What an operator should know of the memory that a socket was given; nothing where it is what was asked for. */
export function bufferWarning({ receiveBytes, sendBytes }: SocketBuffers): string | undefined {
  const lost = [
    ...(receiveBytes < SOCKET_BUFFER_BYTES
      ? [`${receiveBytes} bytes for what arrives, so that bursts will lose packets`]
      : []),
    ...(sendBytes < SOCKET_BUFFER_BYTES ? [`${sendBytes} bytes for what leaves, so that bursts will wait`] : []),
  ];
  if (lost.length === 0) return undefined;
  return (
    `A UDP socket asked the system for buffers of ${SOCKET_BUFFER_BYTES} bytes and was given ${lost.join(', and ')}. ` +
    `On Linux set net.core.rmem_max and net.core.wmem_max to ${SOCKET_BUFFER_BYTES} with sysctl.`
  );
}

/** How often a socket that holds datagrams back is looked at, in milliseconds: to be told of each one's leaving costs more. */
const CONGESTION_LOOK_MS = 1;

/** A datagram this long has its memory given back; shorter ones are cheaper to collect. */
const GIVEN_BACK_BYTES = 1_024;

type Lookup = (host: string, family: unknown, done: (error: null, address: string, family: number) => void) => void;

/** Addresses come resolved, and of the socket's family: without this Node asks its resolver before each send. */
const NO_LOOKUP: Record<'udp4' | 'udp6', Lookup> = {
  udp4: (host, _family, done) => done(null, host, 4),
  udp6: (host, _family, done) => done(null, host, 6),
};

/** A UDP socket, bound for many peers or connected to one. */
export class UdpSocket {
  readonly address: SocketAddress;
  /** Whom it is connected to, if it is. */
  readonly peer: SocketAddress | undefined;
  readonly #socket: Socket;
  #events: UdpEvents;
  #congested: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(socket: Socket, peer: SocketAddress | undefined, events: UdpEvents) {
    const { address, port } = socket.address();
    this.address = Object.freeze({ host: address, port });
    this.#socket = socket;
    this.peer = peer;
    this.#events = events;
    socket.on('message', (bytes, from) => {
      this.#events.datagram(bytes, from);
      giveBack(bytes);
    });
    socket.on('error', (error) => this.#events.failure(error));
  }

  /** @throws QconnError `address_in_use` when the address cannot be bound */
  static async bind(local: SocketAddress, events: UdpEvents): Promise<UdpSocket> {
    const socket = newSocket(local.host);
    await settled(socket, (done) => socket.bind({ address: local.host, port: local.port }, done)).catch(
      (cause: unknown) => {
        socket.close();
        throw new QconnError('address_in_use', `UDP ${local.host}:${local.port} cannot be bound.`, { cause });
      },
    );
    return new UdpSocket(socket, undefined, events);
  }

  /** @throws QconnError `unreachable` when the system knows no way to the address */
  static async connect(remote: SocketAddress, events: UdpEvents): Promise<UdpSocket> {
    const socket = newSocket(remote.host);
    await settled(socket, (done) => socket.connect(remote.port, remote.host, done)).catch((cause: unknown) => {
      socket.close();
      throw new QconnError('unreachable', `There is no way to UDP ${remote.host}:${remote.port}.`, { cause });
    });
    return new UdpSocket(socket, remote, events);
  }

  /** True while the system holds datagrams back: nothing should be sent until {@link UdpEvents.drained}. */
  get congested(): boolean {
    if (!this.#closed && this.#socket.getSendQueueCount() > 0) this.#congested ??= this.#lookLater();
    return this.#congested !== undefined;
  }

  /** What the system has given. */
  get buffers(): SocketBuffers {
    // Linux gives as much again for its own use, and says the sum (socket(7)).
    const share = process.platform === 'linux' ? 2 : 1;
    return {
      receiveBytes: this.#socket.getRecvBufferSize() / share,
      sendBytes: this.#socket.getSendBufferSize() / share,
    };
  }

  /**
   * Sends one datagram. The bytes must stay as they are until {@link UdpSocket.congested} is false.
   * @param failed told when the system refuses it. Without that nobody is: to be told of each one's leaving costs more than sending it
   */
  send(datagram: Uint8Array, to: SocketAddress, failed?: (error: NodeJS.ErrnoException) => void): void {
    if (this.#closed) return;
    const told = failed && ((error: Error | null): void => (error === null ? undefined : failed(error)));
    if (this.peer === undefined) this.#socket.send(datagram, to.port, to.host, told);
    else if (told === undefined) this.#socket.send(datagram);
    else this.#socket.send(datagram, told);
  }

  #lookLater(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#congested = undefined;
      if (!this.congested) this.#events.drained();
    }, CONGESTION_LOOK_MS);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#congested);
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}

/**
 * Node takes memory of its own for each datagram. Left to the garbage collector it lies outside of the heap, where some ten
 * megabytes set off a full collection, ten times a second while bodies move; given back it is used again at once.
 */
function giveBack({ buffer, length }: Buffer): void {
  if (length < GIVEN_BACK_BYTES) return;
  // What shares its memory with something else is not to be touched.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === length) buffer.transfer(0);
}

function newSocket(host: string): Socket {
  const type = isIPv6(host) ? 'udp6' : 'udp4';
  return createSocket({
    type,
    lookup: NO_LOOKUP[type],
    recvBufferSize: SOCKET_BUFFER_BYTES,
    sendBufferSize: SOCKET_BUFFER_BYTES,
  });
}

/** Starts something on a socket and waits for its callback or the socket's error. */
async function settled(socket: Socket, start: (done: () => void) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    start((error?: Error) => {
      socket.off('error', reject);
      if (error) reject(error);
      else resolve();
    });
  });
}
