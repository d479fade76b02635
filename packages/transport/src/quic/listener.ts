import type { RemoteInfo } from 'node:dgram';
import { QconnError } from '@qconn/protocol';
import type { SocketAddress } from '../connection.ts';
import type { TlsIdentity } from '../endpoint.ts';
import type { ConnectionRouter } from '../router.ts';
import { sourceOf } from '../source-address.ts';
import { Acceptor } from './acceptor.ts';
import { Admission } from './admission.ts';
import { ticketKeyName } from './client-hello.ts';
import type { ConnectionHost } from './connection-host.ts';
import { ConnectionIndex } from './connection-index.ts';
import type { EndpointSecrets } from './endpoint-secrets.ts';
import type { InterfaceMtus } from './interface-mtu.ts';
import { nativeConfig } from './native-config.ts';
import type { NativeConfig } from './native.ts';
import { admissionLimits, type QuicOptions } from './options.ts';
import { destinationKey, hasLongHeader } from './packet-header.ts';
import { QuicConnection } from './quic-connection.ts';
import { refusalOfResumed } from './resumed-peer.ts';
import { StatelessResets } from './stateless-reset.ts';
import { TicketKeys } from './ticket-keys.ts';
import { UdpSocket, type SocketBuffers } from './udp-socket.ts';

/** CONNECTION_REFUSED (RFC 9000, section 20.1). */
const CONNECTION_REFUSED = 0x2;

/** What a listener works with. */
export interface ListenerParts {
  readonly host: ConnectionHost;
  readonly options: QuicOptions;
  readonly router: ConnectionRouter;
  readonly secrets: EndpointSecrets;
  readonly mtus: InterfaceMtus;
  readonly onAccept: (connection: QuicConnection) => void;
}

/** The socket at which connections are accepted, and the connections that use it. */
export class Listener {
  readonly #parts: ListenerParts;
  readonly #socket: UdpSocket;
  readonly #acceptor: Acceptor;
  readonly #admission: Admission;
  readonly #resets: StatelessResets;
  readonly #index = new ConnectionIndex();
  readonly #sources = new Map<QuicConnection, string>();
  readonly #configs = new Map<string, NativeConfig>();
  readonly #ticketKeys: TicketKeys;
  #tls: TlsIdentity;
  #accepting = true;

  private constructor(parts: ListenerParts, socket: UdpSocket, tls: TlsIdentity) {
    this.#parts = parts;
    this.#socket = socket;
    this.#tls = tls;
    this.#admission = new Admission(admissionLimits(parts.options));
    this.#resets = new StatelessResets(parts.secrets);
    this.#ticketKeys = new TicketKeys(parts.secrets);
    const { clock } = parts.host;
    this.#acceptor = new Acceptor({ clock, secrets: parts.secrets, admission: this.#admission, local: socket.address });
  }

  /** @throws QconnError `address_in_use` or `tls_config` */
  static async bind(
    parts: ListenerParts,
    events: { drained(): void; arrived(bytes: number): void },
  ): Promise<Listener> {
    const { tls, host = '::', port = 0 } = parts.options;
    if (tls === undefined) throw new QconnError('tls_config', 'An endpoint that serves needs an identity.');
    serverConfig(parts, tls, 0);
    let listener: Listener | undefined;
    const socket = await UdpSocket.bind(
      { host, port },
      {
        datagram: (bytes, from) => {
          listener?.receive(bytes, from);
          events.arrived(bytes.length);
        },
        // A datagram that cannot leave is a lost one: the engine sends its content again or gives up.
        failure: () => undefined,
        drained: () => events.drained(),
      },
    );
    listener = new Listener(parts, socket, tls);
    return listener;
  }

  get address(): SocketAddress {
    return this.#socket.address;
  }

  get buffers(): SocketBuffers {
    return this.#socket.buffers;
  }

  /** @throws QconnError `tls_config`, and keeps the identity that it has */
  reload(tls: TlsIdentity): void {
    serverConfig(this.#parts, tls, 0);
    this.#tls = tls;
    this.#configs.clear();
  }

  stopAccepting(): void {
    this.#accepting = false;
  }

  addId(id: Uint8Array, connection: QuicConnection): void {
    this.#index.add(id, connection);
  }

  removeId(id: Uint8Array, connection: QuicConnection): void {
    this.#index.remove(id, connection);
  }

  /** The handshake of a connection has finished. */
  shook(connection: QuicConnection): void {
    const source = this.#sources.get(connection);
    if (source !== undefined) this.#admission.shook(source);
  }

  /** Why a connection that a ticket has brought back may not go on, if it may not; the trust bundle of now counts. */
  refusalOf({ resumed, peerCertificates }: QuicConnection): QconnError | undefined {
    const { host, options } = this.#parts;
    if (!resumed || options.requireClientCertificate === false) return undefined;
    return refusalOfResumed(peerCertificates, this.#tls.trustPem, host.clock.now());
  }

  /** A connection has ended: there is room for another, though stray packets of it may still come. */
  ended(connection: QuicConnection): void {
    const source = this.#sources.get(connection);
    if (source === undefined) return;
    if (!connection.established) this.#admission.shook(source);
    this.#admission.left(source);
    this.#sources.delete(connection);
  }

  /** The engine is done with a connection. */
  forget(connection: QuicConnection): void {
    this.#index.forget(connection);
  }

  close(): Promise<void> {
    return this.#socket.close();
  }

  /** Gives a datagram to the connection that it is for, or treats its sender as a stranger. */
  receive(datagram: Buffer, { address, port }: RemoteInfo): void {
    const key = destinationKey(datagram);
    if (key === undefined) return;
    const known = this.#index.find(key);
    if (known !== undefined) known.receive(datagram, { host: address, port }, this.#socket.address);
    else if (hasLongHeader(datagram)) this.#admit(datagram, { host: address, port });
    else this.#disown(datagram, { host: address, port });
  }

  #disown(datagram: Buffer, from: SocketAddress): void {
    const answer = this.#resets.answer(datagram, this.#parts.host.clock.monotonic());
    if (answer !== undefined) this.#socket.send(answer, from);
  }

  #admit(datagram: Buffer, from: SocketAddress): void {
    // The engine takes no address with the name of an interface in it (link-local ones of IPv6).
    if (!this.#accepting || from.host.includes('%')) return;
    const payloadBytes = this.#parts.mtus.payloadTowards(from.host);
    const decision = this.#acceptor.decide(datagram, from, () => this.#configFor(datagram, payloadBytes));
    if (decision.kind === 'answer') this.#socket.send(decision.datagram, from);
    if (decision.kind !== 'accept') return;
    const { host, onAccept } = this.#parts;
    const connection = new QuicConnection({
      role: 'server',
      native: decision.native,
      socket: this.#socket,
      remote: from,
      payloadBytes,
      host,
    });
    if (!connection.receive(datagram, from, this.#socket.address)) return connection.forget();
    for (const id of decision.ids) this.#index.add(id, connection);
    const source = sourceOf(from.host);
    this.#sources.set(connection, source);
    this.#admission.began(source);
    onAccept(connection);
    if (decision.full) connection.refuse(new QconnError('overloaded'), CONNECTION_REFUSED);
  }

  /** By the size of packets and the key of tickets, of which the engine takes one for each configuration. */
  #configFor(datagram: Buffer, payloadBytes: number): NativeConfig {
    const now = this.#parts.host.clock.now();
    const epoch = this.#ticketKeys.epochOf(() => ticketKeyName(datagram), now);
    const key = `${epoch} ${payloadBytes}`;
    const known = this.#configs.get(key);
    if (known !== undefined) return known;
    for (const old of this.#configs.keys()) if (Number.parseInt(old) < epoch - 1) this.#configs.delete(old);
    const config = serverConfig(this.#parts, this.#tls, payloadBytes);
    config.setTicketKey(this.#ticketKeys.key(epoch));
    this.#configs.set(key, config);
    return config;
  }
}

function serverConfig({ host, options, router }: ListenerParts, tls: TlsIdentity, payloadBytes: number): NativeConfig {
  return nativeConfig({
    tls,
    alpns: router.alpns,
    limits: host.limits,
    verifyPeer: options.requireClientCertificate ?? true,
    earlyData: options.earlyData ?? false,
    logKeys: host.debug !== undefined,
    payloadBytes,
  });
}
