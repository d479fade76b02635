import { randomBytes } from 'node:crypto';
import type { RemoteInfo } from 'node:dgram';
import type { Clock } from '@qconn/clock';
import { ERROR_TABLE, QconnError } from '@qconn/protocol';
import type { CloseInfo, Connection, SocketAddress } from '../connection.ts';
import type { ConnectTarget, Endpoint, TlsIdentity } from '../endpoint.ts';
import { route } from '../router.ts';
import { Acceptor } from './acceptor.ts';
import { Alarm } from './alarm.ts';
import type { ConnectionHost } from './connection-host.ts';
import { Dial } from './dial.ts';
import { SEND_MAX_BYTES, nativeConfig } from './native-config.ts';
import { quiche } from './native.ts';
import { connectionLimits, type ConnectionLimits, type QuicDependencies, type QuicOptions } from './options.ts';
import { CONNECTION_ID_BYTES, destinationKey, hasLongHeader } from './packet-header.ts';
import { QuicConnection } from './quic-connection.ts';
import { ReceiveSlab } from './receive-slab.ts';
import { SendRing } from './send-ring.ts';
import { sniOf } from './server-name.ts';
import { ChunkPool } from './staging.ts';
import { Turn } from './turn.ts';
import { UdpSocket } from './udp-socket.ts';

/** Where an endpoint says it is while it serves nobody. */
const UNBOUND: SocketAddress = Object.freeze({ host: '::', port: 0 });

/** QUIC connections in both roles: one socket for all that are accepted, a connected one for each that is made. */
export class QuicEndpoint implements Endpoint, ConnectionHost {
  readonly clock: Clock;
  readonly limits: ConnectionLimits;
  readonly slab: ReceiveSlab = new ReceiveSlab();
  readonly pool: ChunkPool = new ChunkPool();
  readonly sendRing: SendRing = new SendRing(SEND_MAX_BYTES);
  readonly alarm: Alarm;
  readonly #dependencies: QuicDependencies;
  readonly #options: QuicOptions;
  readonly #turn = new Turn();
  readonly #byKey = new Map<string, QuicConnection>();
  readonly #all = new Set<QuicConnection>();
  readonly #dials = new Map<QuicConnection, Dial>();
  readonly #held = new Set<QuicConnection>();
  #socket: UdpSocket | undefined;
  #acceptor: Acceptor | undefined;
  #open = 0;
  #closed: Promise<void> | undefined;

  constructor(dependencies: QuicDependencies, options: QuicOptions) {
    this.#dependencies = dependencies;
    this.#options = options;
    this.clock = dependencies.clock;
    this.limits = connectionLimits(options);
    this.alarm = new Alarm(dependencies.clock);
  }

  /** Binds the socket that connections are accepted at. @throws QconnError `address_in_use`, `tls_config` */
  async listen(): Promise<void> {
    const config = this.#serverConfig(this.#options.tls);
    this.#socket = await UdpSocket.bind(
      { host: this.#options.host ?? '::', port: this.#options.port ?? 0 },
      {
        datagram: (bytes, from) => this.#receive(bytes, from),
        // A datagram that cannot leave is a lost one: the engine sends its content again or gives up.
        failure: () => undefined,
        drained: () => this.#releaseHeld(),
      },
    );
    this.#acceptor = new Acceptor(this.#socket.address, config);
  }

  get address(): SocketAddress {
    return this.#socket?.address ?? UNBOUND;
  }

  get connections(): number {
    return this.#open;
  }

  async connect(target: ConnectTarget): Promise<Connection> {
    this.#assertOpen();
    target.signal?.throwIfAborted();
    const config = nativeConfig({ tls: target.tls, alpns: target.alpns, limits: this.limits, verifyPeer: true });
    let connection: QuicConnection | undefined;
    const socket = await UdpSocket.connect(target.address, {
      datagram: (bytes) => connection?.receive(bytes, target.address),
      failure: (error) => connection?.networkFailed(error),
      drained: () => connection !== undefined && this.wake(connection),
    });
    if (this.#closed !== undefined || target.signal?.aborted === true) {
      await socket.close();
      this.#assertOpen();
      target.signal?.throwIfAborted();
    }
    const native = quiche.Connection.connect(
      sniOf(target.serverName),
      randomBytes(CONNECTION_ID_BYTES),
      socket.address,
      target.address,
      config,
    );
    connection = new QuicConnection({ role: 'client', native, socket, remote: target.address, host: this });
    const dial = new Dial(connection, target);
    this.#all.add(connection);
    this.#dials.set(connection, dial);
    return dial.connected;
  }

  reload(tls: TlsIdentity): void {
    if (this.#acceptor !== undefined) this.#acceptor.config = this.#serverConfig(tls);
  }

  close(code: number = ERROR_TABLE.closed.wire, reason = ''): Promise<void> {
    this.#closed ??= this.#shutDown(code, reason);
    return this.#closed;
  }

  wake(connection: QuicConnection): void {
    this.#turn.wake(connection);
  }

  whenDrained(connection: QuicConnection): void {
    if (connection.role === 'server') this.#held.add(connection);
  }

  established(connection: QuicConnection): void {
    this.#open += 1;
    const dial = this.#dials.get(connection);
    if (dial !== undefined) {
      dial.established();
      this.#dials.delete(connection);
      return;
    }
    const remote = connection.remote;
    route(this.#options.handlers ?? {}, connection, (error) =>
      this.#dependencies.onHandlerError?.({ remote, alpn: connection.alpn, error }),
    );
  }

  readerFailed(connection: QuicConnection, error: QconnError): void {
    this.#dependencies.onHandlerError?.({ remote: connection.remote, alpn: connection.alpn, error });
  }

  finished(connection: QuicConnection, { error }: CloseInfo): void {
    if (connection.established) this.#open -= 1;
    else if (connection.role === 'server') this.#dependencies.onRefused?.({ remote: connection.remote, error });
    this.#dials.get(connection)?.failed(error);
    this.#dials.delete(connection);
  }

  gone(connection: QuicConnection): void {
    this.#all.delete(connection);
    this.#held.delete(connection);
    for (const key of connection.keys) this.#byKey.delete(key);
    if (connection.role === 'client') void connection.socket.close();
  }

  #receive(datagram: Buffer, from: RemoteInfo): void {
    const key = destinationKey(datagram);
    if (key === undefined) return;
    const known = this.#byKey.get(key);
    if (known !== undefined) known.receive(datagram, remoteOf(known, from));
    else if (hasLongHeader(datagram)) this.#admit(datagram, { host: from.address, port: from.port });
  }

  #admit(datagram: Buffer, from: SocketAddress): void {
    const socket = this.#socket;
    if (socket === undefined || this.#acceptor === undefined || this.#closed !== undefined) return;
    const admission = this.#acceptor.admit(datagram, from);
    if (admission.kind === 'answer') socket.send(admission.datagram, from);
    if (admission.kind !== 'accept') return;
    const { native, keys } = admission.accepted;
    const connection = new QuicConnection({ role: 'server', native, socket, remote: from, host: this });
    connection.keys.push(...keys);
    for (const key of keys) this.#byKey.set(key, connection);
    this.#all.add(connection);
    connection.receive(datagram, from);
  }

  #releaseHeld(): void {
    for (const connection of this.#held) this.wake(connection);
    this.#held.clear();
  }

  #serverConfig(tls: TlsIdentity | undefined): ReturnType<typeof nativeConfig> {
    if (tls === undefined) throw new QconnError('tls_config', 'An endpoint that serves needs an identity.');
    const verifyPeer = this.#options.requireClientCertificate ?? true;
    return nativeConfig({ tls, alpns: Object.keys(this.#options.handlers ?? {}), limits: this.limits, verifyPeer });
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new QconnError('closed', 'The endpoint has been closed.');
  }

  async #shutDown(code: number, reason: string): Promise<void> {
    for (const connection of this.#all) connection.close(code, reason);
    // The turn that sends the closes was scheduled before this.
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([...this.#all].map(async (connection) => connection.discard()));
    await this.#socket?.close();
  }
}

/** The engine wants the sender's address with each packet; a peer that has not moved gets the object of its last packet. */
function remoteOf(connection: QuicConnection, { address, port }: RemoteInfo): SocketAddress {
  const { remote } = connection;
  return remote.port === port && remote.host === address ? remote : { host: address, port };
}
