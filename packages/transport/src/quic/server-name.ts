import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { QconnError } from '@qconn/protocol';
import type { SocketAddress } from '../connection.ts';

/** A wildcard stands for a whole label, the first, and for one only (RFC 9525, section 6.3); the common name does not count. */
const NAME_RULES = { subject: 'never', partialWildcards: false, multiLabelWildcards: false } as const;

/** What to send as SNI: only names may be sent, without a dot at their end, and never addresses (RFC 6066, section 3). */
export function sniOf(serverName: string): string | null {
  return isIP(serverName) === 0 ? relative(serverName) : null;
}

/** Which server a client dialled, for people. */
export function serverAt({ host, port }: SocketAddress, serverName: string | undefined): string | undefined {
  if (serverName === undefined) return undefined;
  return serverName === host ? `${host} port ${port}` : `${serverName} (${host} port ${port})`;
}

/**
 * Checks that a verified certificate is for the name or IP address that was meant, by its SAN alone
 * (RFC 9525).
 * @throws QconnError `hub_untrusted`
 */
export function verifyServerName(leafDer: Uint8Array | undefined, serverName: string): void {
  if (leafDer === undefined) throw new QconnError('hub_untrusted', 'The server presented no certificate.');
  const leaf = new X509Certificate(leafDer);
  const matches = isIP(serverName) === 0 ? leaf.checkHost(relative(serverName), NAME_RULES) : leaf.checkIP(serverName);
  if (matches !== undefined) return;
  throw new QconnError(
    'hub_untrusted',
    `The server’s certificate is not for ${serverName} but for ${leaf.subjectAltName ?? 'no name at all'}.`,
  );
}

/** A name without the dot that makes it absolute in the DNS: no certificate has that. */
function relative(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
