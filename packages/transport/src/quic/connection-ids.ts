import type { ConnectionHost } from './connection-host.ts';
import type { QuicConnection } from './quic-connection.ts';
import type { Traffic } from './traffic.ts';

/**
 * Ids that a server gives at first; with the first change of path it gives the rest. Of thousands of connections most never
 * move, and seven ids each take a tenth of the work of a handshake and two kilobytes.
 */
export const FIRST_IDS = 2;

/**
 * Gives the peer ids, so that it can use a fresh one on each path and nobody on the way can tell that both are the
 * same connection (RFC 9000, section 9.5).
 * @param most how many; as many as the peer takes when left out
 */
export function issueIds(
  connection: QuicConnection,
  host: ConnectionHost,
  most: number = Number.POSITIVE_INFINITY,
): void {
  for (let left = Math.min(most, connection.native.sourceCidsLeft()); left > 0; left -= 1) {
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
