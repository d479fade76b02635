import { QconnError } from '@qconn/protocol';
import { errorOfClose } from '../close-code.ts';
import type { CloseInfo, Connection, ConnectionStats, PathSigns, SocketAddress } from '../connection.ts';
import type { Stream } from '../stream.ts';
import type { Losses } from './black-hole.ts';
import { silenceError } from './close-info.ts';
import type { ConnectionTrace } from './connection-trace.ts';
import type { ConnectionHost } from './connection-host.ts';
import { DatagramSender } from './datagram-sender.ts';
import { Ending } from './ending.ts';
import type { Occasion } from './gathering.ts';
import { Handshake } from './handshake.ts';
import { Liveness } from './liveness.ts';
import { nativeWeight } from './native-weight.ts';
import { isUndecryptable } from './native-failure.ts';
import type { NativeConnection } from './native.ts';
import { Outflow } from './outflow.ts';
import { hasLongHeader } from './packet-header.ts';
import { PeerPorts } from './peer-port.ts';
import { plainAddress } from './plain-address.ts';
import { lossesOf, statsOf } from './stats.ts';
import { serverAt } from './server-name.ts';
import { StreamSet } from './stream-set.ts';
import { Timetable } from './timetable.ts';
import { Traffic } from './traffic.ts';
import type { TurnTaker } from './turn.ts';
import type { UdpSocket } from './udp-socket.ts';
import { Whereabouts } from './whereabouts.ts';

/** NO_ERROR (RFC 9000, section 20.1). */
const NO_ERROR = 0x0;

/** The system had no room for a datagram, which is then a lost one. */
const OUT_OF_MEMORY: ReadonlySet<string | undefined> = new Set(['ENOBUFS', 'ENOMEM']);

/** What a connection is made from. */
export interface ConnectionParts {
  readonly role: 'client' | 'server';
  readonly native: NativeConnection;
  readonly socket: UdpSocket;
  readonly remote: SocketAddress;
  /** The name under which a client dials. */
  readonly serverName?: string;
  /** Bytes of UDP payload that the interface towards the peer carries. */
  readonly payloadBytes: number;
  readonly host: ConnectionHost;
  /** Given the ticket that the server sends, once. */
  readonly onTicket?: ((ticket: Uint8Array) => void) | undefined;
}

/** A QUIC connection: drives the engine's state for one peer. Owns no timer and no socket; its endpoint does. */
export class QuicConnection implements Connection, TurnTaker {
  readonly role: 'client' | 'server';
  awake = false;
  patient = false;
  readonly native: NativeConnection;
  /** Lives as long as `native`. */
  weight: ArrayBuffer = nativeWeight(false);
  readonly sender: DatagramSender;
  readonly #host: ConnectionHost;
  readonly #traffic = new Traffic();
  readonly #liveness: Liveness;
  readonly #ending: Ending;
  readonly #streams: StreamSet;
  readonly #handshake: Handshake;
  readonly #outflow: Outflow;
  readonly #whereabouts: Whereabouts;
  readonly #timetable: Timetable;
  readonly #losses = (): Losses => lossesOf(this.native);
  readonly #trace: ConnectionTrace | undefined;
  #gone = false;

  constructor({ role, native, socket, remote, serverName, payloadBytes, host, onTicket }: ConnectionParts) {
    this.role = role;
    this.native = native;
    this.#host = host;
    const traffic = this.#traffic;
    const { clock, slab, pool, rings } = host;
    const trace = (this.#trace = host.debug?.watch(native, role, remote));
    const liveness = (this.#liveness = new Liveness(
      role,
      host.limits,
      clock.monotonic(),
      serverAt(remote, serverName),
    ));
    const peer = new PeerPorts(remote);
    const failed = (error: NodeJS.ErrnoException): void => this.networkFailed(error);
    this.sender = new DatagramSender({ native, socket, peer, rings, traffic, payloadBytes, trace, failed });
    const ending = (this.#ending = new Ending({
      role,
      native,
      clock,
      liveness,
      sendRest: () => this.#outflow.send(),
      ended: (info) => this.#ended(info),
    }));
    const streams = (this.#streams = new StreamSet({
      role,
      native,
      clock,
      slab,
      pool,
      traffic,
      wake: () => this.#outflow.wake(),
      sendEarly: () => this.#outflow.sendEarly(),
      occasion: role === 'server' ? host : new ClientOccasion(host),
    }));
    const handshake = (this.#handshake = new Handshake({
      connection: this,
      host,
      liveness,
      traffic,
      trace,
      onTicket,
    }));
    const outflow = (this.#outflow = new Outflow({
      connection: this,
      host,
      streams,
      handshake,
      ending,
      liveness,
      traffic,
    }));
    const whereabouts = (this.#whereabouts = new Whereabouts({ connection: this, host, peer, traffic }));
    this.#timetable = new Timetable({ connection: this, host, liveness, handshake, outflow, whereabouts, ending });
    outflow.wake();
  }

  get closed(): Promise<CloseInfo> {
    return this.#ending.closed;
  }

  get alpn(): string {
    return this.#handshake.introduction.alpn;
  }

  get remote(): SocketAddress {
    return plainAddress(this.#whereabouts.remote);
  }

  get local(): SocketAddress {
    return this.sender.socket.address;
  }

  get peerCertificates(): readonly Uint8Array[] {
    return this.#handshake.introduction.peerCertificates;
  }

  get resumed(): boolean {
    return this.native.isResumed();
  }

  get ticket(): Uint8Array | undefined {
    return this.role === 'client' ? (this.native.session() ?? undefined) : undefined;
  }

  /** True once the handshake has finished, also after the end. */
  get established(): boolean {
    return this.#liveness.established;
  }

  /** Why it has ended for those above, once it has. */
  get ended(): CloseInfo | undefined {
    return this.#ending.info;
  }

  /** True when it has been served before the handshake had finished. */
  get early(): boolean {
    return this.#handshake.introduction.early;
  }

  whenEstablished(act: () => void): void {
    if (this.established) act();
    else this.#handshake.introduction.whenFinished(act);
  }

  openStream(): Stream {
    this.#ending.assertOpen();
    return this.#streams.open();
  }

  onStream(accept: (stream: Stream) => void): void {
    this.#streams.onStream(accept);
  }

  close(code: number, reason: string): void {
    this.#ending.close({ by: 'local', error: errorOfClose(code, reason) }, { application: true, code, reason });
  }

  async migrate(): Promise<void> {
    this.#ending.assertOpen();
    if (this.role === 'server') throw new QconnError('invalid_state', 'Only a client moves (RFC 9000, section 9).');
    this.#outflow.hurry();
    return this.#whereabouts.move();
  }

  get path(): PathSigns {
    return this.#liveness.path(this.#host.clock.monotonic());
  }

  stats(): ConnectionStats {
    return statsOf(this.native, this.#streams.size);
  }

  /** Refuses the peer with a TLS alert or a QUIC error rather than a code of the application. */
  refuse(error: QconnError, transportCode: number): void {
    this.#ending.close({ by: 'transport', error }, { application: false, code: transportCode, reason: error.message });
  }

  /** Gives up on a peer that the system cannot reach. */
  abandon(error: QconnError): void {
    this.#ending.close({ by: 'transport', error }, { application: false, code: NO_ERROR, reason: '' });
  }

  /** Gives up on a peer that has not finished its handshake in time. */
  giveUpHandshake(): void {
    const error = silenceError(this.#liveness.condition);
    this.#ending.close({ by: 'timeout', error }, { application: false, code: NO_ERROR, reason: 'handshake timeout' });
  }

  /**
   * The system reports trouble on the way to the peer. While nobody has answered it is taken at its word; afterwards it is a
   * sign and no more, since anybody can send an ICMP message.
   */
  networkFailed(cause: NodeJS.ErrnoException): void {
    if (this.#ending.info !== undefined || OUT_OF_MEMORY.has(cause.code)) return;
    if (cause.code === 'EMSGSIZE') this.sender.tooLarge(this.#host.clock.monotonic());
    else {
      const { host, port } = this.remote;
      const nobody = cause.code === 'ECONNREFUSED' ? 'nobody listens there: ' : '';
      const says = `${host} port ${port} (UDP): ${nobody}the network says ${cause.code ?? cause.message}.`;
      const error = new QconnError('unreachable', says, { cause });
      if (this.#liveness.condition.heard) this.#liveness.networkFailed(error);
      else this.abandon(error);
    }
  }

  /** Lets go of everything at once: the endpoint is closing its sockets. */
  discard(): void {
    if (this.#gone) return;
    if (this.#ending.tellNow()) this.#ending.guard(this.#outflow.send);
    this.#leave();
  }

  /** Forgets a connection whose very first packet was none: nobody has been told of it. */
  forget(): void {
    this.#gone = true;
  }

  /** Takes in a datagram. The engine decrypts it in place. @returns false when it cannot be decrypted, which as the first of a server's connection ends it */
  receive(datagram: Buffer, from: SocketAddress, to: SocketAddress): boolean {
    const now = this.#host.clock.monotonic();
    const { length } = datagram;
    const signOfLife = this.#liveness.received(length, now, hasLongHeader(datagram));
    this.#streams.arrived();
    this.#outflow.received(now);
    this.#traffic.datagramReceived(length);
    this.#trace?.received(length);
    this.#handshake.arriving(datagram);
    const known = this.#whereabouts.arriving(datagram, from, this.#handshake.flight === undefined);
    try {
      this.native.recv(datagram, { from: known, to });
    } catch (failure) {
      if (isUndecryptable(failure)) return false;
      // What went wrong is recorded in the engine's local error, which `flush` reports.
    }
    this.sender.size.heard(now, this.#losses);
    this.#handshake.arrived(length);
    this.#ending.mayBeOver();
    // What waits for room may have it now: the peer acknowledges, or gives more of its windows.
    if (this.#whereabouts.arrived(from, length, now) || this.#streams.waiting) this.#outflow.hurry();
    if (signOfLife) this.#host.wakePatiently(this);
    else this.#host.wake(this);
    return true;
  }

  advance(): void {
    if (this.#gone) return;
    this.#timetable.conclude();
    if (this.#liveness.confirmed && this.#ending.tellNow()) this.#outflow.hurry();
    this.#ending.guard(this.#takeIn);
    this.#checkTraffic();
  }

  flush(): void {
    if (!this.#gone) this.#outflow.flush();
  }

  settle(): void {
    if (this.#gone) return;
    if (this.#ending.look(this.#host.clock.monotonic())) this.#leave();
    else this.#timetable.arm();
  }

  /** Takes what the engine has for those above. What a reader throws costs this connection and no other. */
  readonly #takeIn = (): void => {
    if (!this.established && this.#ending.info === undefined && this.#handshake.advance()) this.#outflow.hurry();
    if (!this.established && !this.early) return;
    this.#whereabouts.look();
    this.#handshake.introduction.takeTicket();
    try {
      // What was lost, as an acknowledgement shows, goes out again at once, and so does the acknowledgement of
      // what came out of order (RFC 9000, section 13.2.1).
      if (!this.#streams.receive()) this.#outflow.hurry();
    } catch (cause) {
      const error = new QconnError('handler_error', 'A reader of a stream failed.', { cause });
      this.#host.readerFailed(this, error);
      this.close(error.wire, error.message);
    }
  };

  #checkTraffic(): void {
    if (this.#ending.info !== undefined) return;
    const excess = this.#traffic.excess(this.#host.clock.monotonic(), () => this.native.stats().recv);
    if (excess === undefined) return;
    const error = new QconnError('flood', `The peer sends too many ${excess}.`);
    this.#ending.close({ by: 'local', error }, { application: true, code: error.wire, reason: error.message });
  }

  #ended(info: CloseInfo): void {
    this.#liveness.end();
    this.#handshake.end();
    this.sender.end();
    if (this.#streams.size > 0 || this.#whereabouts.moving) {
      const error = new QconnError('closed', 'The connection has ended.', { cause: info.error });
      this.#streams.terminate(error);
      this.#whereabouts.giveUp(error);
    }
    this.#host.finished(this, info);
    this.#trace?.closed(info);
    this.#outflow.wake();
  }

  /** The engine is done with it, draining included. */
  #leave(): void {
    this.#ending.notice();
    this.#gone = true;
    this.weight = nativeWeight(true);
    this.#timetable.cancel();
    this.#host.gone(this);
  }
}

/** A client that rested has waited for others who have the processor. */
class ClientOccasion implements Occasion {
  readonly rested = false;
  readonly #host: Occasion;

  constructor(host: Occasion) {
    this.#host = host;
  }

  get alone(): boolean {
    return this.#host.alone;
  }
}
