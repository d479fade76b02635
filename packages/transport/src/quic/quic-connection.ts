import type { Deadline } from '@qconn/clock';
import { QconnError } from '@qconn/protocol';
import { boundedReason, errorOfClose } from '../close-code.ts';
import type { CloseInfo, Connection, ConnectionStats, SocketAddress } from '../connection.ts';
import type { Stream } from '../stream.ts';
import type { Sleeper } from './alarm.ts';
import { closeInfoOf, silenceError } from './close-info.ts';
import type { ConnectionHost } from './connection-host.ts';
import { DatagramSender } from './datagram-sender.ts';
import { issueIds, takeRetiredIds } from './connection-ids.ts';
import type { NativeConnection } from './native.ts';
import { Paths } from './paths.ts';
import { statsOf } from './stats.ts';
import { StreamSet } from './stream-set.ts';
import { Traffic } from './traffic.ts';
import type { TurnTaker } from './turn.ts';
import type { UdpSocket } from './udp-socket.ts';

/** Datagrams that one connection may send in one turn before others have theirs. */
const DATAGRAMS_PER_TURN = 256;

/**
 * Datagrams that a closing connection may send at a time. The engine, told to close while a probe of
 * its handshake is due, makes packets without end and none of them says that it closes.
 */
const CLOSING_DATAGRAMS = 4;

/** After this long a closing connection is forgotten, whatever the engine thinks of it, in milliseconds. */
const CLOSING_MS = 3_000;

/**
 * An acknowledgement waits for this many datagrams, or so many milliseconds, for data to travel with: on its
 * own it costs as much as a datagram full of messages. The engine grants peers 25 ms (RFC 9000, section
 * 13.2.1); loss detection is not touched, and a burst is acknowledged at the end of its turn.
 */
const DATAGRAMS_PER_ACK = 8;
const ACK_DELAY_MS = 2;

/** Turns for which paths and ids are looked at after something has moved, and how often that is done anyway. */
const PATH_WATCH_TURNS = 64;
const PATH_LOOK_DATAGRAMS = 1_024;

/** How long a new path may take to answer, in milliseconds: two lost probes and a slow way. */
const PROBE_DEADLINE_MS = 3_000;

/** QUIC transport error codes (RFC 9000, section 20.1). */
const NO_ERROR = 0x0;
const INTERNAL_ERROR = 0x1;

/** What a connection is made from. */
export interface ConnectionParts {
  readonly role: 'client' | 'server';
  readonly native: NativeConnection;
  readonly socket: UdpSocket;
  readonly remote: SocketAddress;
  /** Bytes of UDP payload that the interface towards the peer carries. */
  readonly payloadBytes: number;
  readonly host: ConnectionHost;
}

/** How a close is told to the peer: as a code of the application or of QUIC itself. */
interface Told {
  readonly application: boolean;
  readonly code: number;
  readonly reason: string;
}

/** A QUIC connection: drives the engine's state for one peer. Owns no timer and no socket; its endpoint does. */
export class QuicConnection implements Connection, TurnTaker, Sleeper {
  readonly role: 'client' | 'server';
  readonly native: NativeConnection;
  readonly closed: Promise<CloseInfo>;
  readonly sender: DatagramSender;
  readonly #host: ConnectionHost;
  readonly #streams: StreamSet;
  readonly #paths: Paths;
  readonly #traffic = new Traffic();
  readonly #resolveClosed: (info: CloseInfo) => void;
  readonly #handshakeBy: number;
  #remote: SocketAddress;
  #alpn = '';
  #peerCertificates: readonly Uint8Array[] = [];
  #established = false;
  #heardAt: number | undefined;
  #closeInfo: CloseInfo | undefined;
  #deadline: Deadline<Sleeper> | undefined;
  #keepAliveAt = Number.POSITIVE_INFINITY;
  #leaveBy = Number.POSITIVE_INFINITY;
  #unacknowledged = 0;
  #acknowledgeBy = Number.POSITIVE_INFINITY;
  #datagrams = 0;
  #heardSinceEstablished = false;
  /**
   * Tells the peer of a close for which the handshake has to be confirmed first (RFC 9001, section 4.1.2): until
   * then the engine may be stuck with a probe of the handshake and say nothing of a close.
   */
  #tellLater: (() => void) | undefined;
  /** Turns for which the paths are still looked at. */
  #pathWatch = PATH_WATCH_TURNS;
  /** Whether there is more to send than acknowledgements. */
  #urgent = true;
  #gone = false;

  constructor({ role, native, socket, remote, payloadBytes, host }: ConnectionParts) {
    this.role = role;
    this.native = native;
    this.#remote = remote;
    this.#host = host;
    this.#handshakeBy = host.clock.monotonic() + host.limits.handshakeDeadlineMs;
    const { promise, resolve } = Promise.withResolvers<CloseInfo>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    const traffic = this.#traffic;
    const { slab, pool, rings } = host;
    this.sender = new DatagramSender({ native, socket, rings, traffic, payloadBytes });
    this.#streams = new StreamSet({ role, native, slab, pool, traffic, wake: () => this.#wake() });
    this.#paths = new Paths({ native, sender: this.sender, traffic, peerMoved: (to) => this.#peerMoved(to) });
    this.#wake();
  }

  get alpn(): string {
    return this.#alpn;
  }

  get remote(): SocketAddress {
    return plainAddress(this.#remote);
  }

  get local(): SocketAddress {
    return this.sender.socket.address;
  }

  get peerCertificates(): readonly Uint8Array[] {
    return this.#peerCertificates;
  }

  get resumed(): boolean {
    return this.native.isResumed();
  }

  get ticket(): Uint8Array | undefined {
    return this.role === 'client' ? (this.native.session() ?? undefined) : undefined;
  }

  /** True once the handshake has finished, also after the end. */
  get established(): boolean {
    return this.#established;
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
    const socket = await this.#host.openPath(this);
    if (this.#closeInfo !== undefined) await socket.close();
    this.#assertOpen();
    const moved = this.#paths.migrateTo(socket, this.remote);
    this.#pathWatch = Number.POSITIVE_INFINITY;
    const timer = this.#host.clock.setTimer(PROBE_DEADLINE_MS, () => {
      this.#paths.giveUp(new QconnError('unreachable', 'Nobody answered on the new path.'));
    });
    this.#wake();
    return moved.finally(() => {
      timer.cancel();
      this.#pathWatch = PATH_WATCH_TURNS;
    });
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

  /** The system reports trouble on the way to the peer. While nobody has answered it is taken at its word. */
  networkFailed(cause: NodeJS.ErrnoException): void {
    if (cause.code === 'EMSGSIZE') this.sender.size.tooLarge();
    else if (this.#heardAt === undefined) {
      this.abandon(new QconnError('unreachable', `The network says ${cause.code ?? cause.message}.`, { cause }));
    }
  }

  /** Lets go of everything at once: the endpoint is closing its sockets. */
  discard(): void {
    if (this.#gone) return;
    if (this.#tellLater !== undefined) {
      this.#tellLater();
      this.#guard(() => this.#send());
    }
    this.#leave();
  }

  /** Takes in a datagram. The engine decrypts it in place. */
  receive(datagram: Buffer, from: SocketAddress, to: SocketAddress): void {
    const now = this.#host.clock.monotonic();
    this.#heardAt = now;
    this.#unacknowledged += 1;
    if (this.#unacknowledged === 1) this.#acknowledgeBy = now + ACK_DELAY_MS;
    this.#datagrams += 1;
    if (this.#established) this.#heardSinceEstablished = true;
    const moved = from.port !== this.#remote.port || from.host !== this.#remote.host;
    if (moved || this.#datagrams % PATH_LOOK_DATAGRAMS === 0) this.#pathWatch = PATH_WATCH_TURNS;
    const { length } = datagram;
    this.#traffic.datagramReceived(length);
    try {
      this.native.recv(datagram, { from, to });
    } catch {
      // What went wrong is recorded in the engine's local error, which `advance` reports.
    }
    if (!this.#established && !this.native.isEstablished()) this.#traffic.handshakeReceived(length);
    this.#host.wake(this);
  }

  advance(): void {
    if (this.#gone) return;
    if (this.#heardSinceEstablished && this.#tellLater !== undefined) {
      this.#tellLater();
      this.#tellLater = undefined;
      this.#urgent = true;
    }
    this.#guard(() => {
      if (!this.#established && this.native.isEstablished()) this.#establish();
      if (this.#established) this.#takeIn();
    });
    this.#checkTraffic();
  }

  flush(): void {
    if (this.#gone) return;
    const may = this.#urgent || !this.#established || this.#unacknowledged >= DATAGRAMS_PER_ACK;
    if (may) this.#guard(() => this.#send());
    const over = this.native.isDraining() || this.native.isClosed();
    if (over && this.#closeInfo === undefined) this.#noticeEnd();
    // The engine says nothing more once it drains: stray packets are better answered with a stateless reset.
    if (over || this.#host.clock.monotonic() >= this.#leaveBy) this.#leave();
    else this.#setDeadline();
  }

  onAlarm(now: number): void {
    if (this.#gone) return;
    if (!this.#established && now >= this.#handshakeBy) this.#giveUpHandshake();
    if (now >= this.#keepAliveAt) {
      this.#keepAliveAt = now + this.#host.limits.keepAliveMs;
      this.native.sendAckEliciting();
      this.#urgent = true;
    } else if ((this.native.timeout() ?? 1) <= 0) this.sender.size.timedOut(now);
    if (now >= this.#acknowledgeBy || (this.native.timeout() ?? 1) <= 0) this.#urgent = true;
    this.native.onTimeout();
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

  #establish(): void {
    this.#established = true;
    this.#urgent = true;
    this.#alpn = Buffer.from(this.native.applicationProto()).toString();
    this.#peerCertificates = Object.freeze(this.native.peerCertChain() ?? []);
    if (this.role === 'client') this.#keepAliveAt = this.#host.clock.monotonic() + this.#host.limits.keepAliveMs;
    this.sender.size.validated();
    issueIds(this, this.#host);
    this.#host.established(this);
  }

  /** Asks the engine for news of paths and ids: for a while after something has moved, and now and then. */
  #watchPaths(): void {
    this.#pathWatch -= 1;
    this.#paths.advance();
    takeRetiredIds(this, this.#host, this.#traffic);
  }

  /** Takes what the engine has for those above. What a reader throws costs this connection and no other. */
  #takeIn(): void {
    if (this.#pathWatch > 0) this.#watchPaths();
    try {
      this.#streams.receive();
    } catch (cause) {
      const error = new QconnError('handler_error', 'A reader of a stream failed.', { cause });
      this.#host.readerFailed(this, error);
      this.close(error.wire, error.message);
    }
  }

  /** A peer that has no path left would fall silent with its next move: better to send it away while it hears. */
  #peerMoved(to: SocketAddress): void {
    this.#remote = to;
    if (!this.#paths.exhausted) return;
    const error = new QconnError('going_away', 'The address has changed too often: connect anew.');
    this.close(error.wire, error.message);
  }

  /** The peer closes, or the engine does: the latter shows only once its own close has been sent. */
  #noticeEnd(): void {
    this.#finish(closeInfoOf(this.native, this.#condition()));
  }

  #checkTraffic(): void {
    if (this.#closeInfo !== undefined) return;
    const excess = this.#traffic.excess(this.#host.clock.monotonic());
    if (excess === undefined) return;
    const error = new QconnError('flood', `The peer sends too many ${excess}.`);
    this.#closeWith({ by: 'local', error }, { application: true, code: error.wire, reason: error.message });
  }

  #wake(): void {
    this.#urgent = true;
    this.#host.wake(this);
  }

  #send(): void {
    this.#urgent = false;
    this.#unacknowledged = 0;
    this.#acknowledgeBy = Number.POSITIVE_INFINITY;
    this.#streams.pump();
    const closing = this.#closeInfo !== undefined;
    const outcome = this.sender.send(closing ? CLOSING_DATAGRAMS : DATAGRAMS_PER_TURN);
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
    const error = silenceError(this.#condition());
    this.#closeWith({ by: 'timeout', error }, { application: false, code: NO_ERROR, reason: 'handshake timeout' });
  }

  #fail(error: QconnError): void {
    if (this.#closeInfo !== undefined) return;
    this.native.close(false, INTERNAL_ERROR, boundedReason(error.message));
    this.#finish({ by: 'transport', error });
  }

  /** What has been written leaves before the close, as far as the peer and the network take it at once. */
  #closeWith(info: CloseInfo, { application, code, reason }: Told): void {
    if (this.#closeInfo !== undefined) return;
    this.#send();
    const tell = (): void => void this.native.close(application, code, boundedReason(reason));
    if (this.role === 'server' || !application || this.#heardSinceEstablished) tell();
    else this.#tellLater = tell;
    this.#finish(info);
    this.#wake();
  }

  #finish(info: CloseInfo): void {
    this.#closeInfo = info;
    this.#keepAliveAt = Number.POSITIVE_INFINITY;
    this.#leaveBy = this.#host.clock.monotonic() + CLOSING_MS;
    const error = new QconnError('closed', 'The connection has ended.', { cause: info.error });
    this.#streams.terminate(error);
    this.#paths.giveUp(error);
    this.#host.finished(this, info);
    this.#resolveClosed(info);
  }

  /** The engine is done with it, draining included. */
  #leave(): void {
    if (this.#closeInfo === undefined) this.#finish(closeInfoOf(this.native, this.#condition()));
    this.#gone = true;
    this.#host.alarm.cancel(this.#deadline);
    this.#host.gone(this);
  }

  #setDeadline(): void {
    const now = this.#host.clock.monotonic();
    const timeout = this.native.timeout();
    // The engine's milliseconds are rounded down: one more, or the alarm would come early.
    const engineAt = timeout === null ? Number.POSITIVE_INFINITY : now + timeout + 1;
    const handshakeBy = this.#established ? Number.POSITIVE_INFINITY : this.#handshakeBy;
    const at = Math.max(
      now + 1,
      Math.min(engineAt, handshakeBy, this.#keepAliveAt, this.#acknowledgeBy, this.#leaveBy),
    );
    if (at !== Number.POSITIVE_INFINITY) this.#deadline = this.#host.alarm.wakeBy(this.#deadline, at, this);
  }

  #condition(): { role: 'client' | 'server'; established: boolean; heard: boolean } {
    return { role: this.role, established: this.#established, heard: this.#heardAt !== undefined };
  }

  #assertOpen(): void {
    if (this.#closeInfo === undefined) return;
    throw new QconnError('closed', 'The connection has ended.', { cause: this.#closeInfo.error });
  }
}

/** A dual-stack socket sees IPv4 peers at mapped addresses (RFC 4291, section 2.5.5.2): nobody above wants to know. */
function plainAddress(address: SocketAddress): SocketAddress {
  const { host, port } = address;
  return host.startsWith('::ffff:') ? { host: host.slice('::ffff:'.length), port } : address;
}
