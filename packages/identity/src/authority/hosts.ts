import { isIPv4, isIPv6 } from 'node:net';
import { QconnError } from '@qconn/protocol';
import type { AltName } from '../x509/extensions.ts';

/** Longest host name (RFC 1035, section 2.3.4). */
const DNS_NAME_MAX = 253;
const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * The names of a server certificate from host names and IP addresses. Host names are lower-cased
 * (RFC 4343) and must be letters, digits and hyphens (RFC 1123, section 2.1); wildcards are refused: a
 * hub knows its own name. International names come in their ASCII form (RFC 5891).
 * @throws QconnError hostname_invalid
 */
export function hostAltNames(hosts: readonly string[]): readonly AltName[] {
  if (hosts.length === 0) throw new QconnError('hostname_invalid', 'A server certificate needs at least one host.');
  return [...new Set(hosts.map((host) => host.toLowerCase()))].map(hostAltName);
}

function hostAltName(host: string): AltName {
  if (isIPv4(host)) return { ip: Uint8Array.from(host.split('.').map(Number)) };
  if (isIPv6(host) && !host.includes('%')) return { ip: ipv6Bytes(host) };
  const labels = host.split('.');
  const numeric = /^\d+$/.test(labels.at(-1) ?? '');
  if (host.length > DNS_NAME_MAX || numeric || !labels.every((label) => DNS_LABEL.test(label))) {
    throw new QconnError('hostname_invalid', `${JSON.stringify(host)} is neither a host name nor an IP address.`);
  }
  return { dns: host };
}

/** The 16 bytes of an IPv6 address, by way of its one canonical form (RFC 5952). */
function ipv6Bytes(address: string): Uint8Array {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const front = groups(head);
  const back = groups(tail ?? '');
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - front.length - back.length }, () => 0);
  return Uint8Array.from([...front, ...zeros, ...back].flatMap((group) => [group >> 8, group & 0xff]));
}

function groups(part: string): number[] {
  return part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
}
