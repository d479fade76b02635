import type { Connection, SocketAddress } from './connection.ts';

/** Key, chain and trust of one side, in PEM. */
export interface TlsIdentity {
  /** PKCS#8 private key. */
  readonly keyPem: string;
  /** Leaf first, then the issuing CA. Never the root. */
  readonly chainPem: readonly string[];
  /** The roots that the peer's chain must lead to. */
  readonly trustPem: readonly string[];
}

/** How to reach a server. */
export interface ConnectTarget {
  /** IP address of the server. Names are resolved by the caller. */
  readonly address: SocketAddress;
  /** Name or IP address that the server's certificate must carry (SAN); also sent as SNI when it is a name. */
  readonly serverName: string;
  /** Application protocols to offer, the preferred one first. */
  readonly alpns: readonly string[];
  readonly tls: TlsIdentity;
  /**
   * {@link Connection.ticket} of an earlier connection to the same server with the same `tls`: spares both
   * sides the certificates' signatures. One that the server does not take is ignored.
   */
  readonly ticket?: Uint8Array;
  /**
   * Called with the connection before its first packet leaves, if there is a ticket that can be used. What is written
   * here travels with that packet (0-RTT), where the server takes early data, and after the handshake where it does
   * not. Anybody on the way can repeat it to the server: write nothing that has an effect.
   */
  readonly early?: (connection: Connection) => void;
  /** Given the ticket that the server sends, for the next connection. A secret: store it like the key. */
  readonly onTicket?: (ticket: Uint8Array) => void;
  /** Aborts the handshake. */
  readonly signal?: AbortSignal;
}

/** One socket with many connections, in either role. */
export interface Endpoint {
  readonly address: SocketAddress;
  /**
   * Connects as a client.
   * @throws QconnError `unreachable`, `handshake_timeout`, `no_alpn`, `hub_untrusted`, `tls_config`, `closed`, …
   */
  connect(target: ConnectTarget): Promise<Connection>;
  /** New connections use this identity from now on; live ones go on as they are. */
  reload(tls: TlsIdentity): void;
  /** Connections open now. */
  readonly connections: number;
  /**
   * Begins a graceful end: ignores strangers from now on, has the handlers send their peers away and finish what
   * runs, and resolves when all have, or at the deadline. Then it is time to {@link Endpoint.close}.
   * @param deadlineMs what the handlers get; default {@link DRAIN_MS}
   */
  drain(deadlineMs?: number): Promise<void>;
  /** Stops accepting, closes every connection with the code and reason, then the socket. */
  close(code?: number, reason?: string): Promise<void>;
}
