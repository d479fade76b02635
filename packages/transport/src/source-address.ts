import { isIPv6 } from 'node:net';

/** 16-bit groups of an IPv6 address, and those of them that tell one network from another (RFC 4291, section 2.5.4). */
const GROUPS = 8;
const NETWORK_GROUPS = 4;

/** An IPv4 address as a socket for both families shows it (RFC 4291, section 2.5.5.2). */
const MAPPED_IPV4 = /^::ffff:(?<ipv4>[0-9]+[.][0-9.]+)$/i;

/**
 * What counts as one source of connections and requests: an IPv4 address, or an IPv6 network of 64 bits, of which a single host can
 * have every address.
 */
export function sourceOf(address: string): string {
  const ipv4 = MAPPED_IPV4.exec(address)?.groups?.['ipv4'];
  if (ipv4 !== undefined) return ipv4;
  const [bare = ''] = address.split('%', 1);
  if (!isIPv6(bare)) return address;
  const [head = [], tail] = bare.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = tail === undefined ? [] : Array.from({ length: GROUPS - head.length - tail.length }, () => '0');
  const network = [...head, ...zeros, ...(tail ?? [])].slice(0, NETWORK_GROUPS);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
