import type { SocketAddress } from '../connection.ts';

/** A dual-stack socket sees IPv4 peers at mapped addresses (RFC 4291, section 2.5.5.2): nobody above wants to know. */
export function plainAddress(address: SocketAddress): SocketAddress {
  const { host, port } = address;
  return host.startsWith('::ffff:') ? { host: host.slice('::ffff:'.length), port } : address;
}
