import type { QconnError } from '@qconn/protocol';
import type { Stream } from './stream.ts';

/** An IP address in text form and a UDP port. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** Why a connection ended. */
export interface CloseInfo {
  /** `local`: this side closed; `peer`: the peer did; `timeout`: nothing was heard; `transport`: QUIC or TLS failed. */
  readonly by: 'local' | 'peer' | 'timeout' | 'transport';
  /** The error to report, with the peer's code and reason where it gave one. `closed` for an ordinary end. */
  readonly error: QconnError;
}

/** How a connection fares: the path that it uses now, and counters of all its paths since its start. */
export interface ConnectionStats {
  /**
   * Smoothed round-trip time of the path in use, in whole milliseconds (RFC 9002, section 5.3); 333 on a path that has not been
   * measured (section 6.2.2), 0 in memory.
   */
  readonly rttMs: number;
  /** Congestion window of the path in use, in bytes: what may be under way on it; 0 in memory. */
  readonly congestionWindow: number;
  /** QUIC packets, of which a datagram of the handshake may hold several. */
  readonly packetsSent: number;
  readonly packetsReceived: number;
  /** Packets of this side's that loss detection has given up (RFC 9002, section 6); what was in them is sent again. */
  readonly packetsLost: number;
  /** Bytes of UDP payload, headers and repetitions included. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Streams open now. */
  readonly streams: number;
}

/** How well the path of a connection works. */
export interface PathSigns {
  /** How long the oldest unanswered packet that needs an answer has waited, in milliseconds; 0 while there is none. */
  readonly unansweredMs: number;
  /** What the system has reported of the network since the peer was last heard. */
  readonly error: QconnError | undefined;
}

/** A connection whose handshake has finished: the peer's certificate chain has been verified. */
export interface Connection {
  /** This program's side. */
  readonly role: 'client' | 'server';
  /** The application protocol that the handshake chose (RFC 7301). */
  readonly alpn: string;
  /** Where the peer is now; changes when it migrates. */
  readonly remote: SocketAddress;
  readonly local: SocketAddress;
  /**
   * The peer's certificates in DER, leaf first. The leaf is the one whose key signed the handshake;
   * identity is taken from it alone (GHSA-mrpr-756c-xm47).
   */
  readonly peerCertificates: readonly Uint8Array[];
  /** True when a ticket has spared the full handshake. Certificates have been checked all the same. */
  readonly resumed: boolean;
  /** What a client needs to resume, once the server has sent it. A secret: store it like the key. */
  readonly ticket: Uint8Array | undefined;
  /**
   * True once the handshake has finished. False only for a server's connection that began with early data (0-RTT): the
   * ticket says who the peer is, but what has come so far may be a replay.
   */
  readonly established: boolean;
  /**
   * Runs `act` once the handshake has finished, at once if it has. Until then nothing may be done that has an effect
   * (RFC 8446, section 8; RFC 9001, section 9.2). Never runs when the connection ends first.
   */
  whenEstablished(act: () => void): void;
  /** Opens a bidirectional stream. @throws QconnError `stream_limit` or `closed` */
  openStream(): Stream;
  /** Takes the streams that the peer opens. Those that came earlier are handed over at once. */
  onStream(accept: (stream: Stream) => void): void;
  /**
   * Moves a client to a fresh local port, and so to whatever interface the system now routes through: for when the address
   * has changed or the path has died. Streams go on.
   * @throws QconnError `unreachable` when the peer does not answer there: connect anew; `invalid_state`, `closed`
   */
  migrate(): Promise<void>;
  /** How the way to the peer looks from here. */
  readonly path: PathSigns;
  /** Ends the connection. @param code a wire number of the error table @param reason for people, at most 1,024 bytes */
  close(code: number, reason: string): void;
  /** Resolves when the connection has ended, for whatever reason. Never rejects. */
  readonly closed: Promise<CloseInfo>;
  stats(): ConnectionStats;
}
