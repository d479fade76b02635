import type { Deadline } from '@qconn/clock';
import { QconnError } from '@qconn/protocol';
import { boundedReason, errorOfClose } from '../close-code.ts';
import type { CloseInfo, Connection, ConnectionStats, SocketAddress } from '../connection.ts';
import type { Stream } from '../stream.ts';
import type { Sleeper } from './alarm.ts';
import { closeInfoOf, silenceError } from './close-info.ts';
import type { ConnectionHost } from './connection-host.ts';
import type { NativeConnection } from './native.ts';
import { isStreamLimit } from './native-failure.ts';
import { QuicStream, type StreamHost } from './quic-stream.ts';
import { statsOf } from './stats.ts';
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

const DEFAULT_URGENCY = 3;

/** What a connection is made from. */
export interface ConnectionParts {
  readonly role: 'client' | 'server';
  readonly native: NativeConnection;
  readonly socket: UdpSocket;
  readonly remote: SocketAddress;
  readonly host: ConnectionHost;
}

/** A QUIC connection: drives the engine's state for one peer. Owns no timer and no socket; its endpoint does. */
export class QuicConnection implements Connection, TurnTaker, Sleeper {
  readonly role: 'client' | 'server';
  readonly native: NativeConnection;
  readonly closed: Promise<CloseInfo>;
  readonly socket: UdpSocket;
  /** Keys under which the endpoint finds this connection. */
  readonly keys: string[] = [];
  readonly #host: ConnectionHost;
  readonly #streams = new Map<number, QuicStream>();
  readonly #pending = new Set<QuicStream>();
  readonly #streamHost: StreamHost;
  readonly #resolveClosed: (info: CloseInfo) => void;
  readonly #handshakeBy: number;
  #remote: SocketAddress;
  #alpn = '';
  #peerCertificates: readonly Uint8Array[] = [];
  #established = false;
  #heardAt: number | undefined;
  #closeInfo: CloseInfo | undefined;
  #nextStreamId: number;
  #accept: ((stream: Stream) => void) | undefined;
  #unaccepted: QuicStream[] = [];
  #deadline: Deadline<Sleeper> | undefined;
  #keepAliveAt = Number.POSITIVE_INFINITY;
  #leaveBy = Number.POSITIVE_INFINITY;
  #gone = false;

  constructor({ role, native, socket, remote, host }: ConnectionParts) {
    this.role = role;
    this.native = native;
    this.socket = socket;
    this.#remote = remote;
    this.#host = host;
    this.#nextStreamId = role === 'client' ? 0 : 1;
    this.#handshakeBy = host.clock.monotonic() + host.limits.handshakeDeadlineMs;
    const { promise, resolve } = Promise.withResolvers<CloseInfo>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.#streamHost = {
      native,
      slab: host.slab,
      pool: host.pool,
      markPending: (stream) => {
        this.#pending.add(stream);
        host.wake(this);
      },
      markReadable: () => host.wake(this),
      forget: (stream) => this.#streams.delete(stream.id),
    };
    host.wake(this);
  }

  get alpn(): string {
    return this.#alpn;
  }

  get remote(): SocketAddress {
    return this.#remote;
  }

  get local(): SocketAddress {
    return this.socket.address;
  }

  get peerCertificates(): readonly Uint8Array[] {
    return this.#peerCertificates;
  }

  /** True once the handshake has finished, also after the end. */
  get established(): boolean {
    return this.#established;
  }

  openStream(): Stream {
    if (this.#closeInfo !== undefined)
      throw new QconnError('closed', 'The connection has ended.', { cause: this.#closeInfo.error });
    const id = this.#nextStreamId;
    try {
      this.native.streamPriority(id, DEFAULT_URGENCY, true);
    } catch (cause) {
      throw new QconnError(isStreamLimit(cause) ? 'stream_limit' : 'closed', undefined, { cause });
    }
    this.#nextStreamId += 4;
    return this.#addStream(id);
  }

  onStream(accept: (stream: Stream) => void): void {
    this.#accept = accept;
    const waiting = this.#unaccepted;
    this.#unaccepted = [];
    for (const stream of waiting) accept(stream);
  }

  close(code: number, reason: string): void {
    if (this.#closeInfo !== undefined) return;
    this.#closeWith({ by: 'local', error: errorOfClose(code, reason) }, { application: true, code, reason });
  }

  stats(): ConnectionStats {
    return statsOf(this.native, this.#streams.size);
  }

  /** Refuses the peer with a TLS alert or a QUIC error rather than a code of the application. */
  refuse(error: QconnError, transportCode: number): void {
    if (this.#closeInfo !== undefined) return;
    this.#closeWith({ by: 'transport', error }, { application: false, code: transportCode, reason: error.message });
  }

  /** Gives up on a peer that the system cannot reach. */
  abandon(error: QconnError): void {
    if (this.#closeInfo !== undefined) return;
    this.#closeWith({ by: 'transport', error }, { application: false, code: 0, reason: '' });
  }

  /** The system reports trouble on the way to the peer. While nobody has answered it is taken at its word. */
  networkFailed(cause: NodeJS.ErrnoException): void {
    if (this.#heardAt === undefined)
      this.abandon(new QconnError('unreachable', `The network says ${cause.code ?? cause.message}.`, { cause }));
  }

  /** Lets go of everything at once: the endpoint is closing its sockets. */
  discard(): void {
    if (!this.#gone) this.#leave();
  }

  /** Takes in a datagram. The engine decrypts it in place. */
  receive(datagram: Buffer, from: SocketAddress): void {
    this.#heardAt = this.#host.clock.monotonic();
    try {
      this.native.recv(datagram, { from, to: this.socket.address });
    } catch {
      // What went wrong is recorded in the engine's local error, which `advance` reports.
    }
    this.#host.wake(this);
  }

  advance(): void {
    if (this.#gone) return;
    if (!this.#established && this.native.isEstablished()) this.#establish();
    if (this.#established && this.native.isReadable()) this.#readStreams();
    this.#noticeEnd();
  }

  flush(): void {
    if (this.#gone) return;
    this.#send();
    this.#noticeEnd();
    if (this.native.isClosed() || this.#host.clock.monotonic() >= this.#leaveBy) this.#leave();
    else this.#setDeadline();
  }

  onAlarm(now: number): void {
    if (this.#gone) return;
    if (!this.#established && now >= this.#handshakeBy) this.#giveUpHandshake();
    if (now >= this.#keepAliveAt && this.#closeInfo === undefined) {
      this.#keepAliveAt = now + this.#host.limits.keepAliveMs;
      this.native.sendAckEliciting();
    }
    this.native.onTimeout();
    this.#host.wake(this);
  }

  #establish(): void {
    this.#established = true;
    this.#alpn = Buffer.from(this.native.applicationProto()).toString();
    this.#peerCertificates = Object.freeze(this.native.peerCertChain() ?? []);
    if (this.role === 'client') this.#keepAliveAt = this.#host.clock.monotonic() + this.#host.limits.keepAliveMs;
    this.#host.established(this);
  }

  #readStreams(): void {
    try {
      for (const id of this.native.readable()) {
        (this.#streams.get(id) ?? this.#acceptStream(id)).receive();
        if (this.#closeInfo !== undefined) return;
      }
    } catch (cause) {
      this.#fail(cause);
    }
  }

  /** A reader threw: that costs this connection and no other. */
  #fail(cause: unknown): void {
    const error = new QconnError('handler_error', 'A reader of a stream failed.', { cause });
    this.#host.readerFailed(this, error);
    this.close(error.wire, error.message);
  }

  #acceptStream(id: number): QuicStream {
    const stream = this.#addStream(id);
    if (this.#accept === undefined) this.#unaccepted.push(stream);
    else this.#accept(stream);
    return stream;
  }

  #addStream(id: number): QuicStream {
    const stream = new QuicStream(id, this.#streamHost);
    this.#streams.set(id, stream);
    return stream;
  }

  /** The peer closes, or the engine does: the latter shows only once its own close has been sent. */
  #noticeEnd(): void {
    if (this.#closeInfo !== undefined || !(this.native.isDraining() || this.native.isClosed())) return;
    this.#finish(closeInfoOf(this.native, this.#condition()));
  }

  #send(): void {
    for (const stream of this.#pending) {
      if (stream.pump()) this.#pending.delete(stream);
    }
    this.#sendDatagrams();
  }

  #sendDatagrams(): void {
    const { sendRing } = this.#host;
    const closing = this.#closeInfo !== undefined;
    for (let left = closing ? CLOSING_DATAGRAMS : DATAGRAMS_PER_TURN; left > 0; left -= 1) {
      if (this.socket.congested) {
        sendRing.abandon();
        return this.#host.whenDrained(this);
      }
      const slot = sendRing.next();
      const packet = this.native.send(slot);
      if (packet === null) return undefined;
      const [length, { to }] = packet;
      this.socket.send(length === slot.length ? slot : slot.subarray(0, length), to);
    }
    if (!closing) this.#host.wake(this);
    return undefined;
  }

  #giveUpHandshake(): void {
    if (this.#closeInfo !== undefined) return;
    this.#closeWith(
      { by: 'timeout', error: silenceError(this.#condition()) },
      { application: false, code: 0, reason: 'handshake timeout' },
    );
  }

  #closeWith(info: CloseInfo, told: { application: boolean; code: number; reason: string }): void {
    this.#send();
    this.native.close(told.application, told.code, boundedReason(told.reason));
    this.#finish(info);
    this.#host.wake(this);
  }

  #finish(info: CloseInfo): void {
    this.#closeInfo = info;
    this.#keepAliveAt = Number.POSITIVE_INFINITY;
    this.#leaveBy = this.#host.clock.monotonic() + CLOSING_MS;
    this.#pending.clear();
    const error = new QconnError('closed', 'The connection has ended.', { cause: info.error });
    for (const stream of this.#streams.values()) stream.terminate(error);
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
    let at = timeout === null ? Number.POSITIVE_INFINITY : now + timeout + 1;
    at = Math.min(at, this.#keepAliveAt, this.#leaveBy);
    if (!this.#established && this.#handshakeBy < at) at = this.#handshakeBy;
    if (at !== Number.POSITIVE_INFINITY)
      this.#deadline = this.#host.alarm.wakeBy(this.#deadline, Math.max(at, now + 1), this);
  }

  #condition(): { role: 'client' | 'server'; established: boolean; heard: boolean } {
    return { role: this.role, established: this.#established, heard: this.#heardAt !== undefined };
  }
}
