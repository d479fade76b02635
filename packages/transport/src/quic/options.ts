import { availableParallelism } from 'node:os';
import type { Clock } from '@qconn/clock';
import { HANDSHAKE_DEADLINE_MS, IDLE_TIMEOUT_MS, KEEPALIVE_MS, type QconnError } from '@qconn/protocol';
import type { SocketAddress } from '../connection.ts';
import type { TlsIdentity } from '../endpoint.ts';
import type { AlpnHandlers, FailedHandler, IdentityProvider } from '../router.ts';
import type { AdmissionLimits } from './admission.ts';

/** A handshake that came to nothing at the server's side. */
export interface RefusedHandshake {
  readonly remote: SocketAddress;
  readonly error: QconnError;
}

/** `insecure_debug`: secrets are written to files; `socket_buffer`: the system gives sockets less memory than was asked for. */
export type TransportWarning = 'insecure_debug' | 'socket_buffer';

/** What an endpoint is given to work with. */
export interface QuicDependencies<Auth = undefined> {
  readonly clock: Clock;
  /** Says who a peer is, before its connection is handed over. Without it handlers get `undefined` for an auth context. */
  readonly identify?: IdentityProvider<Auth>;
  /** Told in a sentence of what the operator should know, and what it is about. Default: a warning of the process. */
  readonly onWarning?: (message: string, about: TransportWarning) => void;
  /** Told of each handshake that this side, as server, refused or saw fail: one log line each. */
  readonly onRefused?: (refused: RefusedHandshake) => void;
  /**
   * Called in each turn of the event loop when the endpoint has read what has arrived, on whichever connections, and has sent
   * what was written in answer: thousands of times a second. What is written here is sent afterwards, in the same turn.
   * @returns whether it is to be called again without anything having arrived
   */
  readonly onTurn?: () => boolean;
  /** Told of each connection that was closed because its peer was turned away or its handler failed. */
  readonly onHandlerError?: (failed: FailedHandler) => void;
}

/** How an endpoint behaves. */
export interface QuicOptions<Auth = undefined> {
  /** Local IP address to serve at; `::` serves IPv4 too. Default `::`. Not used by an endpoint without handlers. */
  readonly host?: string;
  /** UDP port to serve at; 0 lets the system choose. Default 0. */
  readonly port?: number;
  /** Who this side is as a server. Needed with `handlers`. */
  readonly tls?: TlsIdentity;
  /** Who takes connections, by protocol. Without it the endpoint only connects, and binds no port of its own. */
  readonly handlers?: AlpnHandlers<Auth>;
  /** Whether clients must present a certificate. Default true. */
  readonly requireClientCertificate?: boolean;
  /** Default {@link HANDSHAKE_DEADLINE_MS}. */
  readonly handshakeDeadlineMs?: number;
  /** Default {@link IDLE_TIMEOUT_MS}. */
  readonly idleTimeoutMs?: number;
  /** How often the client's side of a silent connection speaks. Default {@link KEEPALIVE_MS}. */
  readonly keepAliveMs?: number;
  /**
   * Largest UDP payload to send, 1,200 … 16,383 bytes. Default: what the interface towards the peer
   * carries, once its path has been validated.
   */
  readonly maxDatagramBytes?: number;
  /**
   * 32 random bytes, kept across restarts and shared by hubs that stand for each other: the keys of retry
   * tokens, stateless resets and session tickets come from it. Default: drawn at each start.
   */
  readonly secret?: Uint8Array;
  /**
   * Whether handlers are given connections of resuming clients before the handshake has finished, with the early
   * data (0-RTT) that came along; see `Connection.whenEstablished` for what a handler may not do before. Default false.
   */
  readonly earlyData?: boolean;
  /**
   * Folder to which the secrets and a trace of every connection are written (debug-folder.ts): whoever reads it
   * reads all traffic. For debugging only; nothing else turns it on, and `onWarning` says so at the start.
   */
  readonly insecureDebugFolder?: string;
  /** How many peers the endpoint deals with at once. Default {@link ADMISSION_LIMITS}. */
  readonly admission?: Partial<AdmissionLimits>;
  /**
   * How long a serving endpoint looks for the next datagram instead of falling asleep, at most, in milliseconds, while
   * datagrams come that closely; 0: never. Default {@link BUSY_POLL_MS}; always 0 on a single processor, where nobody could
   * send meanwhile.
   */
  readonly busyPollMs?: number;
  /** Bidirectional streams that a peer may have open at once. Default {@link MAX_STREAMS}. */
  readonly maxStreams?: number;
  /** Unidirectional streams that a peer may have open at once; they come through `onStream` and take no writes. Default 0: `qconn/1` has none. */
  readonly maxUniStreams?: number;
  /** Bytes of one stream that the peer may send beyond what has been read, at most. Default {@link STREAM_WINDOW_MAX_BYTES}. */
  readonly maxStreamWindowBytes?: number;
  /**
   * The same for all streams of a connection together, from its beginning. Streams that nobody reads must leave room
   * for the others: it has to be more than all of them may hold. Default {@link CONNECTION_WINDOW_BYTES}, growing with use.
   */
  readonly connectionWindowBytes?: number;
}

/** Default of {@link QuicOptions.busyPollMs}: as long as a forwarded message takes to be answered by processes of the same machine that have to wake up. */
export const BUSY_POLL_MS = 0.35;

export function busyPollMs({ busyPollMs: wanted = BUSY_POLL_MS }: QuicOptions): number {
  return availableParallelism() > 1 ? wanted : 0;
}

/** Streams that a peer may have open at once: lanes, and bodies over their inline limit in flight. */
const MAX_STREAMS = 1_024;

/**
 * Strangers that an endpoint deals with by default. A handshake takes 0.4 ms of a core: 256 under way are
 * a tenth of a second of work, more than any client waits for, so from there on addresses have to be proven.
 */
export const ADMISSION_LIMITS: AdmissionLimits = {
  maxConnections: 20_000,
  maxConnectionsPerSource: 8_000,
  maxHandshakes: 4_000,
  maxHandshakesPerSource: 2_000,
  retryFrom: 256,
};

export function admissionLimits(options: QuicOptions): AdmissionLimits {
  return { ...ADMISSION_LIMITS, ...options.admission };
}

/**
 * Connection ids that each side holds ready for the other, and so the paths that a connection may use in
 * its life: the one of the handshake and seven moves. Past them the client connects anew.
 */
export const ACTIVE_CONNECTION_IDS = 8;

/**
 * Bytes that a stream may have in flight at first, and at most: with auto-tuning in between. The most
 * covers 300 Mbit/s at 100 ms round trip; it is also what a reader that stops can make this side hold.
 */
export const STREAM_WINDOW_BYTES: number = 256 * 1024;
const STREAM_WINDOW_MAX_BYTES: number = 4 * 1024 * 1024;

/** The same for a connection: several stopped readers leave room for the others. */
const CONNECTION_WINDOW_BYTES: number = 2 * 1024 * 1024;
export const CONNECTION_WINDOW_MAX_BYTES: number = 24 * 1024 * 1024;

/** Limits of an endpoint's connections, all filled in. */
export interface ConnectionLimits {
  readonly handshakeDeadlineMs: number;
  readonly idleTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly maxStreams: number;
  readonly maxUniStreams: number;
  readonly maxStreamWindowBytes: number;
  readonly connectionWindowBytes: number;
}

export function connectionLimits(options: QuicOptions): ConnectionLimits {
  return {
    handshakeDeadlineMs: options.handshakeDeadlineMs ?? HANDSHAKE_DEADLINE_MS,
    idleTimeoutMs: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
    keepAliveMs: options.keepAliveMs ?? KEEPALIVE_MS,
    maxStreams: options.maxStreams ?? MAX_STREAMS,
    maxUniStreams: options.maxUniStreams ?? 0,
    maxStreamWindowBytes: options.maxStreamWindowBytes ?? STREAM_WINDOW_MAX_BYTES,
    connectionWindowBytes: options.connectionWindowBytes ?? CONNECTION_WINDOW_BYTES,
  };
}
