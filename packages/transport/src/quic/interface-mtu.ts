import { readFileSync } from 'node:fs';
import { BlockList, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Clock } from '@qconn/clock';
import { readRoutes, type Route } from './route-table.ts';

/** The largest UDP payload that QUIC packets are made for: their length field has 14 bits (RFC 9000, section 16). */
const PAYLOAD_MAX_BYTES = 16_383;

/** What an Ethernet frame carries; a way that leaves the local networks carries that at most, whatever its first interface does. */
const ETHERNET_MTU = 1_500;

/** Assumed of a local interface whose MTU the system does not tell. */
const LOOPBACK_MTU = 65_536;

const UDP_OVER_IPV4_BYTES = 28;
const UDP_OVER_IPV6_BYTES = 48;

/** Interfaces come and go; asking for them each time would cost more than a handshake. */
const REFRESH_MS = 5_000;

/** Peers whose answer is remembered until then. */
const FOUND_MAX = 1_024;

/** Addresses, and what the interface towards them carries. */
export interface Way {
  readonly addresses: BlockList;
  readonly mtu: number;
}

/**
 * How large a datagram may be on its first hop. Asked of the interface on whose network a peer is, else of the one that the
 * routes name: Node cannot forbid the system to fragment, so a datagram that is too large for a tunnel or an overlay
 * network would leave in two packets, which RFC 9000 (section 14) forbids and nobody would notice.
 */
export class InterfaceMtus {
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #readWays: () => readonly Way[];
  #ways: readonly Way[] = [];
  #readAt = Number.NEGATIVE_INFINITY;
  /** What has been found out since; looking through the networks costs a thirtieth of a handshake. */
  readonly #found = new Map<string, number>();

  /**
   * @param maxBytes never more than this, whatever the interface
   * @param ways this machine's networks, then its routes, the most particular first
   */
  constructor(clock: Clock, maxBytes: number = PAYLOAD_MAX_BYTES, ways: () => readonly Way[] = readWays) {
    this.#clock = clock;
    this.#readWays = ways;
    this.#maxBytes = Math.min(PAYLOAD_MAX_BYTES, maxBytes);
  }

  /** Looks at the interfaces anew when asked next: something has made this machine move. */
  forget(): void {
    this.#readAt = Number.NEGATIVE_INFINITY;
  }

  /** Bytes of UDP payload that the interface towards an IP address carries. */
  payloadTowards(host: string): number {
    this.#refresh();
    const known = this.#found.get(host);
    if (known !== undefined) return known;
    const payload = this.#payloadTowards(host);
    if (this.#found.size < FOUND_MAX) this.#found.set(host, payload);
    return payload;
  }

  #payloadTowards(host: string): number {
    const address = host.startsWith('::ffff:') ? host.slice('::ffff:'.length) : host;
    const overhead = isIPv6(address) ? UDP_OVER_IPV6_BYTES : UDP_OVER_IPV4_BYTES;
    return Math.min(this.#maxBytes, this.#mtuTowards(address) - overhead);
  }

  #refresh(): void {
    const now = this.#clock.monotonic();
    if (now - this.#readAt < REFRESH_MS) return;
    this.#ways = this.#readWays();
    this.#readAt = now;
    this.#found.clear();
  }

  #mtuTowards(address: string): number {
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    return this.#ways.find(({ addresses }) => addresses.check(address, family))?.mtu ?? ETHERNET_MTU;
  }
}

function readWays(): Way[] {
  return [...readNetworks(), ...readRoutes().map((route) => wayOf(route))];
}

function readNetworks(): Way[] {
  return Object.entries(networkInterfaces()).flatMap(([name, infos = []]) =>
    infos.flatMap(({ cidr, internal, family }) => {
      if (cidr === null) return [];
      const [network = '', prefix] = cidr.split('/');
      const addresses = subnet(network, Number(prefix), family === 'IPv6' ? 'ipv6' : 'ipv4');
      return [{ addresses, mtu: mtuOf(name, internal) }];
    }),
  );
}

/** Where a route leads to. @param interfaceMtu what an interface carries */
export function wayOf(
  { network, prefix, family, interfaceName, mtu }: Route,
  interfaceMtu: (name: string) => number = (name) => mtuOf(name, false),
): Way {
  const carried = mtu > 0 ? mtu : interfaceMtu(interfaceName);
  return { addresses: subnet(network, prefix, family), mtu: Math.min(ETHERNET_MTU, carried) };
}

function subnet(network: string, prefix: number, family: 'ipv4' | 'ipv6'): BlockList {
  const addresses = new BlockList();
  addresses.addSubnet(network, prefix, family);
  return addresses;
}

/** Linux tells; elsewhere the customary value of the kind of interface is taken. */
function mtuOf(name: string, internal: boolean): number {
  try {
    const mtu = Number(readFileSync(`/sys/class/net/${name}/mtu`, 'utf8'));
    if (Number.isInteger(mtu) && mtu > 0) return mtu;
  } catch {
    // Not Linux, or an interface that has just gone.
  }
  return internal ? LOOPBACK_MTU : ETHERNET_MTU;
}
