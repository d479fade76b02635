import { closeSync, openSync, readSync } from 'node:fs';

/** A way to addresses that are on none of this machine's own networks. */
export interface Route {
  readonly family: 'ipv4' | 'ipv6';
  /** Network address and the length of its prefix in bits. */
  readonly network: string;
  readonly prefix: number;
  readonly interfaceName: string;
  /** What the route itself says a packet may have, in bytes; 0 where it leaves that to its interface. */
  readonly mtu: number;
}

/** Linux shows its routes here (proc_net(5)); other systems have no such file. */
const IPV4_FILE = '/proc/net/route';
const IPV6_FILE = '/proc/net/ipv6_route';

/** More than hundreds of routes are those of a router of the Internet, which is not read through every few seconds. */
const READ_MAX_BYTES: number = 64 * 1024;

/** Flags of a route (`RTF_UP`, `RTF_REJECT`). */
const UP = 0x1;
const REJECT = 0x200;

const IPV6_BITS = 128;

/** The routes that the system tells of, those of the longest prefixes first. None where it tells of none. */
export function readRoutes(): Route[] {
  return routesOf(beginningOf(IPV4_FILE), beginningOf(IPV6_FILE));
}

/** The routes in the texts of both files, those of the longest prefixes first. Pure. */
export function routesOf(ipv4: string, ipv6: string): Route[] {
  const routes = [...ipv4.split('\n').slice(1).flatMap(ipv4Route), ...ipv6.split('\n').flatMap(ipv6Route)];
  return routes.toSorted((a, b) => b.prefix - a.prefix);
}

/** `eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0`: addresses are numbers of the machine's byte order, little-endian on all that the engine runs on. */
function ipv4Route(line: string): Route[] {
  const [interfaceName = '', network = '', , flags = '', , , , mask = '', mtu] = line.trim().split(/\s+/);
  if (!usable(interfaceName, flags)) return [];
  const bytes = [...Buffer.from(network, 'hex')].toReversed();
  const ones = Number.parseInt(mask, 16).toString(2).replaceAll('0', '');
  return [{ family: 'ipv4', network: bytes.join('.'), prefix: ones.length, interfaceName, mtu: Number(mtu) || 0 }];
}

/** `fd00… 40 0000… 00 0000… 00000100 00000001 00000000 00000001 eth0` */
function ipv6Route(line: string): Route[] {
  const [network = '', bits = '', , , , , , , flags = '', interfaceName = ''] = line.trim().split(/\s+/);
  if (!usable(interfaceName, flags)) return [];
  const address = network.replaceAll(/(.{4})(?=.)/g, '$1:');
  return [
    { family: 'ipv6', network: address, prefix: Math.min(IPV6_BITS, Number.parseInt(bits, 16)), interfaceName, mtu: 0 },
  ];
}

/** The loopback is among the interfaces, and a route that refuses leads nowhere. */
function usable(interfaceName: string, flags: string): boolean {
  const bits = Number.parseInt(flags, 16);
  return interfaceName !== '' && interfaceName !== 'lo' && (bits & UP) !== 0 && (bits & REJECT) === 0;
}

function beginningOf(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return '';
  }
  try {
    const bytes = Buffer.alloc(READ_MAX_BYTES);
    let length = 0;
    for (let read = 1; read > 0 && length < bytes.length; length += read)
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    // A line that the limit has cut in two is none.
    const text = bytes.toString('latin1', 0, length);
    return text.slice(0, text.lastIndexOf('\n') + 1);
  } finally {
    closeSync(descriptor);
  }
}
