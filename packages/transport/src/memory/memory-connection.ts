import { QconnError } from '@qconn/protocol';
import { errorOfClose } from '../close-code.ts';
import type { CloseInfo, Connection, ConnectionStats, PathSigns, SocketAddress } from '../connection.ts';
import type { Stream } from '../stream.ts';
import { MemoryChannel } from './memory-channel.ts';
import { MemoryStream } from './memory-stream.ts';

/** Streams that one end may have open at once, as in the QUIC transport. */
const MAX_STREAMS = 1_024;

/** What one end of a memory connection is made from. */
export interface MemoryEnd {
  readonly role: 'client' | 'server';
  readonly alpn: string;
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly peerCertificates: readonly Uint8Array[];
  /** Runs in the next turn of the event loop, in the order of the calls. */
  readonly schedule: (act: () => void) => void;
  readonly onClosed: () => void;
  readonly onReaderError: (error: QconnError) => void;
}

/** One end of a connection within this process. */
export class MemoryConnection implements Connection {
  readonly role: 'client' | 'server';
  readonly alpn: string;
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly peerCertificates: readonly Uint8Array[];
  readonly closed: Promise<CloseInfo>;
  readonly established = true;
  readonly path: PathSigns = { unansweredMs: 0, error: undefined };
  readonly resumed = false;
  readonly ticket: undefined;
  readonly #end: MemoryEnd;
  readonly #resolveClosed: (info: CloseInfo) => void;
  readonly #channels = new Set<MemoryChannel>();
  #peer: MemoryConnection | undefined;
  #nextStreamId: number;
  #opened = 0;
  #accept: ((stream: Stream) => void) | undefined;
  #unaccepted: Stream[] = [];
  #closeInfo: CloseInfo | undefined;

  constructor(end: MemoryEnd) {
    this.#end = end;
    this.role = end.role;
    this.alpn = end.alpn;
    this.local = end.local;
    this.remote = end.remote;
    this.peerCertificates = Object.freeze([...end.peerCertificates]);
    this.#nextStreamId = end.role === 'client' ? 0 : 1;
    const { promise, resolve } = Promise.withResolvers<CloseInfo>();
    this.closed = promise;
    this.#resolveClosed = resolve;
  }

  /** Joins the two ends of a connection. */
  static join(one: MemoryConnection, other: MemoryConnection): void {
    one.#peer = other;
    other.#peer = one;
  }

  whenEstablished(act: () => void): void {
    act();
  }

  openStream(): Stream {
    const peer = this.#peer;
    if (this.#closeInfo !== undefined || peer === undefined)
      throw new QconnError('closed', 'The connection has ended.', { cause: this.#closeInfo?.error });
    if (this.#opened >= MAX_STREAMS) throw new QconnError('stream_limit');
    const id = this.#nextStreamId;
    this.#nextStreamId += 4;
    this.#opened += 1;
    const outgoing = peer.#addChannel();
    const incoming = this.#addChannel();
    for (const channel of [outgoing, incoming]) channel.onOver = () => this.#streamOver(peer, outgoing, incoming);
    const theirs = new MemoryStream(id, { outgoing: incoming, incoming: outgoing });
    return new MemoryStream(id, { outgoing, incoming }, () => this.#end.schedule(() => peer.#take(theirs)));
  }

  onStream(accept: (stream: Stream) => void): void {
    this.#accept = accept;
    const waiting = this.#unaccepted;
    this.#unaccepted = [];
    for (const stream of waiting) accept(stream);
  }

  /** Memory has one path only. */
  async migrate(): Promise<void> {
    if (this.#closeInfo !== undefined) throw new QconnError('closed');
    if (this.role === 'server') throw new QconnError('invalid_state', 'Only a client moves (RFC 9000, section 9).');
  }

  close(code: number, reason: string): void {
    if (this.#closeInfo !== undefined) return;
    const peer = this.#peer;
    this.#finish({ by: 'local', error: errorOfClose(code, reason) });
    this.#end.schedule(() => {
      if (peer !== undefined) peer.#closedByPeer(code, reason);
    });
  }

  stats(): ConnectionStats {
    return {
      rttMs: 0,
      congestionWindow: 0,
      packetsSent: 0,
      packetsReceived: 0,
      packetsLost: 0,
      bytesSent: 0,
      bytesReceived: 0,
      streams: this.#channels.size,
    };
  }

  #closedByPeer(code: number, reason: string): void {
    if (this.#closeInfo !== undefined) return;
    for (const channel of this.#channels) this.#deliver(channel);
    this.#finish({ by: 'peer', error: errorOfClose(code, reason) });
  }

  /** A channel that this end reads. */
  #addChannel(): MemoryChannel {
    const channel = new MemoryChannel((scheduled) => this.#end.schedule(() => this.#deliver(scheduled)));
    this.#channels.add(channel);
    return channel;
  }

  #streamOver(peer: MemoryConnection, outgoing: MemoryChannel, incoming: MemoryChannel): void {
    if (!outgoing.over || !incoming.over) return;
    if (this.#channels.delete(incoming)) this.#opened -= 1;
    peer.#channels.delete(outgoing);
  }

  #deliver(channel: MemoryChannel): void {
    this.#guard(() => channel.deliver());
  }

  /** Runs code of whoever stands above: if it throws, that costs this connection and no other. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (cause) {
      const error = new QconnError('handler_error', 'A reader of a stream failed.', { cause });
      this.#end.onReaderError(error);
      this.close(error.wire, error.message);
    }
  }

  #take(stream: Stream): void {
    if (this.#closeInfo !== undefined) return;
    if (this.#accept === undefined) this.#unaccepted.push(stream);
    else this.#guard(() => this.#accept?.(stream));
  }

  #finish(info: CloseInfo): void {
    this.#closeInfo = info;
    const error = new QconnError('closed', 'The connection has ended.', { cause: info.error });
    for (const channel of this.#channels) channel.terminate(error);
    this.#end.onClosed();
    this.#resolveClosed(info);
  }
}
