import type { Deadline } from '@qconn/clock';
import { QconnError } from '@qconn/protocol';
import { errorOfClose } from '../close-code.ts';
import type { CloseInfo, Connection, ConnectionStats, PathSigns, SocketAddress } from '../connection.ts';
import type { Stream } from '../stream.ts';
import type { Sleeper } from './alarm.ts';
import type { Losses } from './black-hole.ts';
import { closeInfoOf, silenceError } from './close-info.ts';
import type { ConnectionTrace } from './connection-trace.ts';
import type { ConnectionHost } from './connection-host.ts';
import { DatagramSender } from './datagram-sender.ts';
import { FIRST_IDS, issueIds } from './connection-ids.ts';
import { DelayedAck } from './delayed-ack.ts';
import { EngineTimeout } from './engine-timeout.ts';
import { Ending, type Told } from './ending.ts';
import { HandshakeFlight } from './handshake-flight.ts';
import { Introduction } from './introduction.ts';
import { Liveness } from './liveness.ts';
import { nativeWeight } from './native-weight.ts';
import { isUndecryptable } from './native-failure.ts';
import type { NativeConnection } from './native.ts';
import { hasLongHeader } from './packet-header.ts';
import { PeerPorts } from './peer-port.ts';
import { plainAddress } from './plain-address.ts';
import { lossesOf, statsOf } from './stats.ts';
import { EARLY_BYTES, StreamSet } from './stream-set.ts';
import { Traffic } from './traffic.ts';
import type { TurnTaker } from './turn.ts';
import type { UdpSocket } from './udp-socket.ts';
import { Whereabouts } from './whereabouts.ts';

/** Datagrams that one connection may send in one turn before others have theirs. */
const DATAGRAMS_PER_TURN = 256;

/**
 * Datagrams that a closing connection may send at a time. The engine, told to close while a probe of
 * its handshake is due, makes packets without end and none of them says that it closes.
 */
const CLOSING_DATAGRAMS = 4;

/** QUIC transport error codes (RFC 9000, section 20.1). */
const NO_ERROR = 0x0;
const INTERNAL_ERROR = 0x1;

/** The system had no room for a datagram, which is then a lost one. */
const OUT_OF_MEMORY: ReadonlySet<string | undefined> = new Set(['ENOBUFS', 'ENOMEM']);

/** What a connection is made from. */
export interface ConnectionParts {
  readonly role: 'client' | 'server';
  readonly native: NativeConnection;
  readonly socket: UdpSocket;
  readonly remote: SocketAddress;
  /** Bytes of UDP payload that the interface towards the peer carries. */
  readonly payloadBytes: number;
  readonly host: ConnectionHost;
  /** Given the ticket that the server sends, once. */
  readonly onTicket?: ((ticket: Uint8Array) => void) | undefined;
}

/** A QUIC connection: drives the engine's state for one peer. Owns no timer and no socket; its endpoint does. */
export class QuicConnection implements Connection, TurnTaker, Sleeper {
  readonly role: 'client' | 'server';
  awake = false;
  readonly native: NativeConnection;
  /** Lives as long as `native`. */
  weight: ArrayBuffer = nativeWeight(false);
  readonly sender: DatagramSender;
  readonly #host: ConnectionHost;
  readonly #streams: StreamSet;
  readonly #whereabouts: Whereabouts;
  readonly #traffic = new Traffic();
  readonly #ending: Ending;
  readonly #delayedAck = new DelayedAck();
  readonly #timeout: EngineTimeout;
  readonly #liveness: Liveness;
  readonly #introduction: Introduction;
  readonly #losses = (): Losses => lossesOf(this.native);
  readonly #suspectSize = (): void => this.sender.size.timedOut(this.#host.clock.monotonic(), this.#losses);
  readonly #trace: ConnectionTrace | undefined;
  /** Until the peer is through with its handshake. */
  #flight: HandshakeFlight | undefined;
  #deadline: Deadline<Sleeper> | undefined;
  /** Whether there is more to send than acknowledgements. */
  #urgent = true;
  /** Whether something has happened after which the engine may be done with it. */
  #mayBeOver = true;
  #gone = false;

  constructor({ role, native, socket, remote, payloadBytes, host, onTicket }: ConnectionParts) {
    this.role = role;
    this.native = native;
    this.#timeout = new EngineTimeout(native);
    this.#host = host;
    this.#introduction = new Introduction(native, onTicket);
    this.#trace = host.debug?.watch(native, role, remote);
    this.#flight = new HandshakeFlight(role);
    this.#liveness = new Liveness(role, host.limits, host.clock.monotonic());
    this.#ending = new Ending(native);
    const traffic = this.#traffic;
    const { clock, slab, pool, rings } = host;
    const [peer, trace] = [new PeerPorts(remote), this.#trace];
    const failed = (error: NodeJS.ErrnoException): void => this.networkFailed(error);
    this.sender = new DatagramSender({ native, socket, peer, rings, traffic, payloadBytes, trace, failed });
    this.#streams = new StreamSet({
      role,
      native,
      clock,
      slab,
      pool,
      traffic,
      wake: () => this.#wake(),
      sendEarly: () => this.#sendEarly(),
    });
    const exhausted = (): void => this.#sendAway();
    this.#whereabouts = new Whereabouts({ connection: this, host, peer, traffic, exhausted });
    this.#wake();
  }

  get closed(): Promise<CloseInfo> {
    return this.#ending.closed;
  }

  get alpn(): string {
    return this.#introduction.alpn;
  }

  get remote(): SocketAddress {
    return plainAddress(this.#whereabouts.remote);
  }

  get local(): SocketAddress {
    return this.sender.socket.address;
  }

  get peerCertificates(): readonly Uint8Array[] {
    return this.#introduction.peerCertificates;
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
    return this.#introduction.early;
  }

  whenEstablished(act: () => void): void {
    if (this.established) act();
    else this.#introduction.whenFinished(act);
  }

  openStream(): Stream {
    this.#assertOpen();
    return this.#streams.open();
  }

  onStream(accept: (stream: Stream) => void): void {
    this.#streams.onStream(accept);
  }

  close(code: number, reason: string): void {
    this.#closeWith({ by: 'local', error: errorOfClose(code, reason) }, { application: true, code, reason });
  }

  async migrate(): Promise<void> {
    this.#assertOpen();
    if (this.role === 'server') throw new QconnError('invalid_state', 'Only a client moves (RFC 9000, section 9).');
    this.#urgent = true;
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
    this.#closeWith({ by: 'transport', error }, { application: false, code: transportCode, reason: error.message });
  }

  /** Gives up on a peer that the system cannot reach. */
  abandon(error: QconnError): void {
    this.#closeWith({ by: 'transport', error }, { application: false, code: NO_ERROR, reason: '' });
  }

  /**
   * The system reports trouble on the way to the peer. While nobody has answered it is taken at its word; afterwards it is a
   * sign and no more, since anybody can send an ICMP message.
   */
  networkFailed(cause: NodeJS.ErrnoException): void {
    if (this.#ending.info !== undefined || OUT_OF_MEMORY.has(cause.code)) return;
    if (cause.code === 'EMSGSIZE') this.sender.tooLarge(this.#host.clock.monotonic());
    else {
      const error = new QconnError('unreachable', `The network says ${cause.code ?? cause.message}.`, { cause });
      if (this.#liveness.condition.heard) this.#liveness.networkFailed(error);
      else this.abandon(error);
    }
  }

  /** Lets go of everything at once: the endpoint is closing its sockets. */
  discard(): void {
    if (this.#gone) return;
    if (this.#ending.tellNow()) this.#guard(() => this.#send());
    this.#leave();
  }

  /** Forgets a connection whose very first packet was none: nobody has been told of it. */
  forget(): void {
    this.#gone = true;
  }

  /** Takes in a datagram. The engine decrypts it in place. @returns false when it cannot be decrypted, which as the first of a server's connection ends it */
  receive(datagram: Buffer, from: SocketAddress, to: SocketAddress): boolean {
    const now = this.#host.clock.monotonic();
    this.#streams.arrived();
    this.#liveness.received();
    this.#delayedAck.received(now);
    const { length } = datagram;
    this.#traffic.datagramReceived(length);
    this.#trace?.received(length);
    this.#flight?.received(length);
    if (this.#flight !== undefined && this.established && !hasLongHeader(datagram)) this.#peerIsThrough();
    const known = this.#whereabouts.arriving(from, this.#flight === undefined);
    try {
      this.native.recv(datagram, { from: known, to });
    } catch (failure) {
      if (isUndecryptable(failure)) return false;
      // What went wrong is recorded in the engine's local error, which `flush` reports.
    }
    this.sender.size.heard(now, this.#losses);
    if (!this.established && !this.native.isEstablished()) this.#traffic.handshakeReceived(length);
    this.#mayBeOver = true;
    // What waits for room may have it now: the peer acknowledges, or gives more of its windows.
    if (this.#whereabouts.arrived(from, length, now) || this.#streams.waiting) this.#urgent = true;
    this.#host.wake(this);
    return true;
  }

  advance(): void {
    if (this.#gone) return;
    if (this.#timeout.tell(this.#suspectSize)) this.#mayBeOver = true;
    if (this.#liveness.confirmed && this.#ending.tellNow()) this.#urgent = true;
    this.#guard(() => {
      if (!this.established && this.#ending.info === undefined) this.#shake();
      if (this.established || this.early) this.#takeIn();
    });
    this.#checkTraffic();
  }

  flush(): void {
    if (this.#gone) return;
    const may = this.#urgent || !this.established || this.#delayedAck.full;
    if (may) this.#guard(() => this.#send());
  }

  settle(): void {
    if (this.#gone) return;
    const over = this.#mayBeOver && (this.native.isDraining() || this.native.isClosed());
    this.#mayBeOver = this.#ending.info !== undefined;
    if (over && this.#ending.info === undefined) this.#noticeEnd();
    // The engine says nothing more once it drains: stray packets are better answered with a stateless reset.
    if (over || this.#host.clock.monotonic() >= this.#ending.leaveBy) this.#leave();
    else this.#setDeadline();
  }

  onAlarm(now: number): void {
    if (this.#gone) return;
    if (this.#liveness.handshakeLate(now)) this.#giveUpHandshake();
    if (this.#liveness.takeKeepAlive(now)) {
      this.native.sendAckEliciting();
      this.sender.watch();
      this.#liveness.asked(now);
      this.#urgent = true;
    }
    if (this.#flight !== undefined) this.sender.repeat(this.#flight, now);
    this.#whereabouts.settle(now);
    if (this.#timeout.ring()) this.sender.watch();
    if (now >= this.#delayedAck.dueAt || now >= this.#streams.dueAt || this.#timeout.passed) this.#urgent = true;
    // An alarm that has been overtaken: whatever it was set for has been done meanwhile.
    if (!this.#urgent && this.#ending.info === undefined) return this.#setDeadline();
    this.#mayBeOver = true;
    this.#host.wake(this);
  }

  /** A failure of the engine costs the connection that it happens to, not the turn of all the others. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (cause) {
      this.#fail(new QconnError('internal', 'The QUIC engine failed.', { cause }));
    }
  }

  #shake(): void {
    if (this.native.isEstablished()) this.#establish();
    else if (this.role === 'server' && this.#host.takesEarlyData && this.#introduction.startsEarly) {
      this.#introduction.begin();
      this.#host.early(this);
    }
  }

  /** Whoever sends packets with short headers has finished its handshake, or answers early data. */
  #peerIsThrough(): void {
    this.#flight = undefined;
    this.sender.size.validated();
  }

  #establish(): void {
    this.#liveness.establish(this.#host.clock.monotonic());
    this.#urgent = true;
    // The engine fills a client's last packets of the handshake up to the size of the buffer: large ones wait for the next.
    if (this.role === 'server') this.#peerIsThrough();
    else this.#flight?.established();
    issueIds(this, this.#host, this.role === 'server' ? FIRST_IDS : undefined);
    this.#introduction.finish(() => this.#host.established(this));
    this.#trace?.established(this.alpn);
  }

  /** Takes what the engine has for those above. What a reader throws costs this connection and no other. */
  #takeIn(): void {
    this.#whereabouts.look();
    this.#introduction.takeTicket();
    try {
      this.#streams.receive();
    } catch (cause) {
      const error = new QconnError('handler_error', 'A reader of a stream failed.', { cause });
      this.#host.readerFailed(this, error);
      this.close(error.wire, error.message);
    }
  }

  /** A peer that has no path left would fall silent with its next move: better to send it away while it hears. */
  #sendAway(): void {
    const error = new QconnError('going_away', 'The address has changed too often: connect anew.');
    this.close(error.wire, error.message);
  }

  /** The peer closes, or the engine does: the latter shows only once its own close has been sent. */
  #noticeEnd(): void {
    this.#finish(closeInfoOf(this.native, this.#liveness.condition));
  }

  #checkTraffic(): void {
    if (this.#ending.info !== undefined) return;
    const excess = this.#traffic.excess(this.#host.clock.monotonic(), () => this.native.stats().recv);
    if (excess === undefined) return;
    const error = new QconnError('flood', `The peer sends too many ${excess}.`);
    this.#closeWith({ by: 'local', error }, { application: true, code: error.wire, reason: error.message });
  }

  #wake(): void {
    this.#urgent = true;
    this.#host.wake(this);
  }

  /** Sends before the turn is over. What goes wrong does so again, or shows, when the turn sends. */
  #sendEarly(): void {
    if (!this.established || this.#ending.info !== undefined || this.sender.size.current < EARLY_BYTES) return;
    try {
      this.#send();
    } catch {
      this.#urgent = true;
    }
  }

  #send(): void {
    this.#urgent = false;
    this.#delayedAck.sent();
    if (this.#streams.pump()) this.#liveness.asked(this.#host.clock.monotonic());
    const closing = this.#ending.info !== undefined;
    const outcome = this.sender.send(closing ? CLOSING_DATAGRAMS : DATAGRAMS_PER_TURN, this.#flight);
    this.#flight?.armAt(this.#host.clock.monotonic());
    if (outcome === 'held') {
      this.#urgent = true;
      this.#host.whenDrained(this);
    }
    if (outcome === 'more' && !closing) {
      if (this.#traffic.runaway) this.#fail(new QconnError('internal', 'The QUIC engine sends without end.'));
      this.#wake();
    }
  }

  #giveUpHandshake(): void {
    const error = silenceError(this.#liveness.condition);
    this.#closeWith({ by: 'timeout', error }, { application: false, code: NO_ERROR, reason: 'handshake timeout' });
  }

  #fail(error: QconnError): void {
    if (this.#ending.info !== undefined) return;
    this.#ending.tell({ application: false, code: INTERNAL_ERROR, reason: error.message });
    this.#finish({ by: 'transport', error });
  }

  /** What has been written leaves before the close, as far as the peer and the network take it at once. */
  #closeWith(info: CloseInfo, told: Told): void {
    if (this.#ending.info !== undefined) return;
    this.#send();
    if (this.role === 'server' || !told.application || this.#liveness.confirmed) this.#ending.tell(told);
    else this.#ending.tellLater(told);
    this.#finish(info);
    this.#wake();
  }

  #finish(info: CloseInfo): void {
    this.#ending.decide(info, this.#host.clock.monotonic());
    this.#mayBeOver = true;
    this.#liveness.end();
    this.#flight = undefined;
    if (this.#streams.size > 0 || this.#whereabouts.moving) {
      const error = new QconnError('closed', 'The connection has ended.', { cause: info.error });
      this.#streams.terminate(error);
      this.#whereabouts.giveUp(error);
    }
    this.#host.finished(this, info);
    this.#ending.announce(info);
    this.#trace?.closed(info);
  }

  /** The engine is done with it, draining included. */
  #leave(): void {
    if (this.#ending.info === undefined) this.#finish(closeInfoOf(this.native, this.#liveness.condition));
    this.#gone = true;
    this.weight = nativeWeight(true);
    this.#host.alarm.cancel(this.#deadline);
    this.#host.gone(this);
  }

  #setDeadline(): void {
    const now = this.#host.clock.monotonic();
    const repeatAt = this.#flight?.dueAt ?? Number.POSITIVE_INFINITY;
    const ownAt = Math.min(this.#liveness.dueAt, this.#delayedAck.dueAt, this.#ending.leaveBy, this.#streams.dueAt);
    const at = Math.max(now + 1, Math.min(this.#timeout.at(now), repeatAt, ownAt, this.#whereabouts.dueAt));
    if (at !== Number.POSITIVE_INFINITY) this.#deadline = this.#host.alarm.wakeBy(this.#deadline, at, this);
  }

  #assertOpen(): void {
    if (this.#ending.info === undefined) return;
    throw new QconnError('closed', 'The connection has ended.', { cause: this.#ending.info.error });
  }
}
