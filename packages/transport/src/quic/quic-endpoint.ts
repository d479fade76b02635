import type { Clock } from '@qconn/clock';
import { DRAIN_MS, ERROR_TABLE, QconnError } from '@qconn/protocol';
import type { CloseInfo, Connection, SocketAddress } from '../connection.ts';
import type { ConnectTarget, Endpoint, TlsIdentity } from '../endpoint.ts';
import { drainWithin } from '../drain.ts';
import type { ConnectionRouter } from '../router.ts';
import { Alarm } from './alarm.ts';
import { ClientConfigs } from './client-configs.ts';
import type { ConnectionHost } from './connection-host.ts';
import { DebugFolder } from './debug-folder.ts';
import { Dial } from './dial.ts';
import { endpointSecrets, type EndpointSecrets } from './endpoint-secrets.ts';
import { InterfaceMtus } from './interface-mtu.ts';
import { Listener } from './listener.ts';
import { Lookout } from './lookout.ts';
import { quiche, type NativeConnection } from './native.ts';
import {
  busyPollMs,
  connectionLimits,
  type ConnectionLimits,
  type QuicDependencies,
  type QuicOptions,
} from './options.ts';
import { QuicConnection } from './quic-connection.ts';
import { randomId } from './random-ids.ts';
import { ReceiveSlab } from './receive-slab.ts';
import { SendRings } from './send-ring.ts';
import { sniOf } from './server-name.ts';
import { ChunkPool } from './staging.ts';
import { Turn } from './turn.ts';
import { bufferWarning, UdpSocket } from './udp-socket.ts';

/** Where an endpoint says it is while it serves nobody. */
const UNBOUND: SocketAddress = Object.freeze({ host: '::', port: 0 });

/** QUIC connections in both roles: one socket for all that are accepted, a connected one for each that is made. */
export class QuicEndpoint implements Endpoint, ConnectionHost {
  readonly clock: Clock;
  readonly limits: ConnectionLimits;
  readonly takesEarlyData: boolean;
  readonly debug: DebugFolder | undefined;
  readonly slab: ReceiveSlab = new ReceiveSlab();
  readonly pool: ChunkPool = new ChunkPool();
  readonly rings: SendRings = new SendRings();
  readonly alarm: Alarm;
  readonly #dependencies: QuicDependencies;
  readonly #options: QuicOptions;
  readonly #router: ConnectionRouter;
  readonly #secrets: EndpointSecrets;
  readonly #mtus: InterfaceMtus;
  readonly #clientConfigs: ClientConfigs;
  readonly #warn: NonNullable<QuicDependencies['onWarning']>;
  readonly #turn: Turn;
  readonly #all = new Set<QuicConnection>();
  readonly #dials = new Map<QuicConnection, Dial>();
  readonly #held = new Set<QuicConnection>();
  #listener: Listener | undefined;
  #open = 0;
  #closed: Promise<void> | undefined;

  constructor(dependencies: QuicDependencies, options: QuicOptions, router: ConnectionRouter) {
    this.#router = router;
    this.#dependencies = dependencies;
    this.#options = options;
    this.#turn = new Turn(dependencies.clock, dependencies.onTurn);
    this.#secrets = endpointSecrets(options.secret);
    this.clock = dependencies.clock;
    this.limits = connectionLimits(options);
    this.takesEarlyData = options.earlyData ?? false;
    this.alarm = new Alarm(dependencies.clock);
    const { insecureDebugFolder: folder } = options;
    this.#warn = dependencies.onWarning ?? ((message): void => process.emitWarning(message));
    const warn = (message: string): void => this.#warn(message, 'insecure_debug');
    this.debug = folder === undefined ? undefined : new DebugFolder(folder, dependencies.clock, warn);
    this.#clientConfigs = new ClientConfigs(this.limits, this.debug !== undefined);
    this.#mtus = new InterfaceMtus(dependencies.clock, options.maxDatagramBytes);
  }

  /** Binds the socket that connections are accepted at. @throws QconnError `address_in_use`, `tls_config` */
  async listen(): Promise<void> {
    const parts = {
      host: this,
      options: this.#options,
      router: this.#router,
      secrets: this.#secrets,
      mtus: this.#mtus,
    };
    const lookout = new Lookout(this.clock, busyPollMs(this.#options));
    const onAccept = (connection: QuicConnection): void => void this.#all.add(connection);
    this.#listener = await Listener.bind(
      { ...parts, onAccept },
      {
        drained: () => this.#releaseHeld(),
        arrived: (bytes) => {
          lookout.arrived();
          this.#turn.arrived(bytes);
        },
      },
    );
    const warning = bufferWarning(this.#listener.buffers);
    if (warning !== undefined) this.#warn(warning, 'socket_buffer');
  }

  get address(): SocketAddress {
    return this.#listener?.address ?? UNBOUND;
  }

  get connections(): number {
    return this.#open;
  }

  async connect(target: ConnectTarget): Promise<Connection> {
    this.#assertOpen();
    target.signal?.throwIfAborted();
    const payloadBytes = this.payloadTowards(target.address.host);
    const remote = target.address;
    const config = this.#clientConfigs.for(target, payloadBytes);
    let connection: QuicConnection | undefined;
    const socket = await this.#openSocket(remote, () => connection);
    if (this.#closed !== undefined || target.signal?.aborted === true) {
      await socket.close();
      this.#assertOpen();
      target.signal?.throwIfAborted();
    }
    let native: NativeConnection;
    try {
      native = quiche.Connection.connect(sniOf(target.serverName), randomId(), socket.address, remote, config);
    } catch (cause) {
      await socket.close();
      throw new QconnError('unreachable', `${remote.host}: the QUIC engine takes no such address.`, { cause });
    }
    const mayResume = target.ticket !== undefined && offerTicket(native, target.ticket);
    const { onTicket } = target;
    connection = new QuicConnection({
      role: 'client',
      native,
      socket,
      remote,
      serverName: target.serverName,
      payloadBytes,
      host: this,
      onTicket,
    });
    const dial = new Dial(connection, target);
    this.#all.add(connection);
    this.#dials.set(connection, dial);
    try {
      if (mayResume) target.early?.(connection);
    } catch (cause) {
      connection.abandon(cause instanceof QconnError ? cause : new QconnError('internal', undefined, { cause }));
    }
    return dial.connected;
  }

  reload(tls: TlsIdentity): void {
    this.#listener?.reload(tls);
  }

  drain(deadlineMs: number = DRAIN_MS): Promise<void> {
    this.#listener?.stopAccepting();
    return drainWithin(this.clock, deadlineMs, (deadline) => this.#router.drain(this.#accepted(), deadline));
  }

  close(code: number = ERROR_TABLE.closed.wire, reason = ''): Promise<void> {
    this.#closed ??= this.#shutDown(code, reason);
    return this.#closed;
  }

  get rested(): boolean {
    return this.#turn.rested;
  }

  get alone(): boolean {
    return this.#turn.alone;
  }

  wake(connection: QuicConnection): void {
    this.#turn.wake(connection);
  }

  wakePatiently(connection: QuicConnection): void {
    this.#turn.wakePatiently(connection);
  }

  whenDrained(connection: QuicConnection): void {
    if (connection.role === 'server') this.#held.add(connection);
  }

  newId(connection: QuicConnection): { id: Uint8Array; resetToken: bigint } {
    const id = randomId();
    if (connection.role === 'server') this.#listener?.addId(id, connection);
    return { id, resetToken: BigInt(`0x${this.#secrets.resetToken(id).toString('hex')}`) };
  }

  retireId(connection: QuicConnection, id: Uint8Array): void {
    this.#listener?.removeId(id, connection);
  }

  payloadTowards(host: string): number {
    return this.#mtus.payloadTowards(host);
  }

  openPath(connection: QuicConnection): Promise<UdpSocket> {
    // A client moves when its interfaces have changed, as a rule.
    this.#mtus.forget();
    return this.#openSocket(connection.remote, () => connection);
  }

  established(connection: QuicConnection): void {
    this.#open += 1;
    const dial = this.#dials.get(connection);
    if (dial !== undefined) {
      dial.established(this.clock.now());
      this.#dials.delete(connection);
      return;
    }
    this.#listener?.shook(connection);
    if (!connection.early) this.early(connection);
  }

  early(connection: QuicConnection): void {
    const refusal = this.#listener?.refusalOf(connection);
    if (refusal !== undefined) {
      this.#dependencies.onRefused?.({ remote: connection.remote, error: refusal });
      connection.close(refusal.wire, refusal.message);
      return;
    }
    this.#router.route(connection);
  }

  readerFailed(connection: QuicConnection, error: QconnError): void {
    this.#router.readerFailed(connection, error);
  }

  finished(connection: QuicConnection, { error }: CloseInfo): void {
    if (connection.established) this.#open -= 1;
    else if (connection.role === 'server' && !connection.early)
      this.#dependencies.onRefused?.({ remote: connection.remote, error });
    this.#listener?.ended(connection);
    this.#dials.get(connection)?.failed(error);
    this.#dials.delete(connection);
  }

  gone(connection: QuicConnection): void {
    this.#all.delete(connection);
    this.#held.delete(connection);
    if (connection.role === 'server') this.#listener?.forget(connection);
    else connection.sender.close();
  }

  async #openSocket(remote: SocketAddress, connectionOf: () => QuicConnection | undefined): Promise<UdpSocket> {
    const socket: UdpSocket = await UdpSocket.connect(remote, {
      datagram: (bytes) => {
        connectionOf()?.receive(bytes, remote, socket.address);
        this.#turn.arrived(bytes.length);
      },
      failure: (error) => connectionOf()?.networkFailed(error),
      drained: () => {
        const connection = connectionOf();
        if (connection !== undefined) this.wake(connection);
      },
    });
    return socket;
  }

  #accepted(): Connection[] {
    return [...this.#all].filter(({ role, established }) => role === 'server' && established);
  }

  #releaseHeld(): void {
    for (const connection of this.#held) this.wake(connection);
    this.#held.clear();
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new QconnError('closed', 'The endpoint has been closed.');
  }

  async #shutDown(code: number, reason: string): Promise<void> {
    this.#listener?.stopAccepting();
    for (const connection of this.#all) connection.close(code, reason);
    // The turn that sends the closes was scheduled before this.
    await new Promise((resolve) => setImmediate(resolve));
    for (const connection of this.#all) connection.discard();
    await this.#listener?.close();
  }
}

/** A ticket that cannot be read is as good as none: the handshake is then a full one. */
function offerTicket(native: NativeConnection, ticket: Uint8Array): boolean {
  try {
    native.setSession(ticket);
    return true;
  } catch {
    // Of another version of the engine, or damaged in storage.
    return false;
  }
}
