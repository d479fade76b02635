import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { quiche, type NativeConfig, type NativeConnection } from '../src/quic/native.ts';
import { connectionLimits } from '../src/quic/options.ts';
import { nativeConfig } from '../src/quic/native-config.ts';
import type { SocketAddress, TlsIdentity } from '@qconn/transport';

/**
 * A client on the bare engine, for tests to misbehave with: it does what a test tells it and nothing
 * else, such as acknowledging or closing.
 */
export class RawClient {
  readonly native: NativeConnection;
  readonly socket: Socket;
  readonly local: SocketAddress;
  readonly #remote: SocketAddress;
  /** Bytes received. */
  heard = 0;

  private constructor(native: NativeConnection, socket: Socket, local: SocketAddress, remote: SocketAddress) {
    this.native = native;
    this.socket = socket;
    this.local = local;
    this.#remote = remote;
  }

  /** Sends nothing yet. */
  static async create(
    remote: SocketAddress,
    tls: TlsIdentity,
    tune: (config: NativeConfig) => void = () => undefined,
  ): Promise<RawClient> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const config = nativeConfig({
      tls,
      alpns: ['qconn/1'],
      limits: connectionLimits({}),
      verifyPeer: true,
      earlyData: true,
      logKeys: false,
      payloadBytes: 1_350,
    });
    tune(config);
    const local = { host: '127.0.0.1', port: socket.address().port };
    const native = quiche.Connection.connect(null, randomBytes(8), local, remote, config);
    return new RawClient(native, socket, local, remote);
  }

  /** Takes in what comes and answers it, until something holds. */
  async until(holds: () => boolean): Promise<void> {
    this.flush();
    while (!holds()) {
      const [bytes] = (await once(this.socket, 'message')) as [Buffer];
      this.take(bytes);
      this.flush();
    }
  }

  take(bytes: Buffer): void {
    this.heard += bytes.length;
    try {
      this.native.recv(bytes, { from: this.#remote, to: this.local });
    } catch {
      // The test looks at the engine's errors itself.
    }
  }

  /** Sends what the engine has to send. */
  flush(): void {
    for (let packet = this.packet(); packet !== undefined; packet = this.packet()) {
      this.socket.send(packet, this.#remote.port, this.#remote.host);
    }
  }

  /** The next datagram, not sent. */
  packet(): Buffer | undefined {
    const buffer = Buffer.alloc(1_350);
    const packet = this.native.send(buffer);
    return packet === null ? undefined : buffer.subarray(0, packet[0]);
  }

  /** @param from the socket to send it from, if not its own */
  send(bytes: Uint8Array, from: Socket = this.socket): Promise<void> {
    return new Promise((resolve) => from.send(bytes, this.#remote.port, this.#remote.host, () => resolve()));
  }

  close(): void {
    this.socket.close();
  }
}
