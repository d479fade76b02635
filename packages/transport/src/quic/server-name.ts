import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { QconnError } from '@qconn/protocol';

/** What to send as SNI: only names may be sent, never addresses (RFC 6066, section 3). */
export function sniOf(serverName: string): string | null {
  return isIP(serverName) === 0 ? serverName : null;
}

/**
 * Checks that a verified certificate is for the name or IP address that was meant, by its SAN alone
 * (RFC 9525; the common name does not count).
 * @throws QconnError `hub_untrusted`
 */
export function verifyServerName(leafDer: Uint8Array | undefined, serverName: string): void {
  if (leafDer === undefined) throw new QconnError('hub_untrusted', 'The server presented no certificate.');
  const leaf = new X509Certificate(leafDer);
  const matches = isIP(serverName) === 0 ? leaf.checkHost(serverName, { subject: 'never' }) : leaf.checkIP(serverName);
  if (matches !== undefined) return;
  throw new QconnError(
    'hub_untrusted',
    `The server’s certificate is not for ${serverName} but for ${leaf.subjectAltName ?? 'no name at all'}.`,
  );
}
