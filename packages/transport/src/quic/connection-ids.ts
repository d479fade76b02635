import type { ConnectionHost } from './connection-host.ts';
import type { QuicConnection } from './quic-connection.ts';
import type { Traffic } from './traffic.ts';

/**
 * Gives the peer as many ids as it takes, so that it can use a fresh one on each path and nobody on the
 * way can tell that both are the same connection (RFC 9000, section 9.5).
 */
export function issueIds(connection: QuicConnection, host: ConnectionHost): void {
  for (let left = connection.native.sourceCidsLeft(); left > 0; left -= 1) {
    const { id, resetToken } = host.newId(connection);
    connection.native.newSourceCid(id, resetToken, false);
  }
}

/** Forgets the ids that the peer has used up and gives it others. */
export function takeRetiredIds(connection: QuicConnection, host: ConnectionHost, traffic: Traffic): void {
  let id = connection.native.retiredScidNext();
  if (id === null) return;
  for (; id !== null; id = connection.native.retiredScidNext()) {
    host.retireId(connection, id);
    traffic.idRetired();
  }
  issueIds(connection, host);
}
