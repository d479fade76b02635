import { QconnError } from '@qconn/protocol';

import { isHostname, normalHostname } from '../machines/hostname.ts';

/**
 * A token's hostname in normal form: a hostname, or a pattern, which is one with a `*` in it.
 * @throws QconnError hostname_invalid
 */
export function tokenHostname(text: string): string {
  const hostname = normalHostname(text);
  if (!isHostname(hostname.replace('*', 'x')))
    throw new QconnError('hostname_invalid', `${text} is neither a hostname nor a pattern.`);
  return hostname;
}

/**
 * The hostname that a machine with this token asks for: the token's; where that is a pattern, or
 * there is none, its own, if it fits. What does not fit is left for a person to decide.
 */
export function requestedHostname(ofToken: string | null, own: string | undefined): string | null {
  const hostname = own === undefined ? null : normalHostname(own);
  if (ofToken === null) return hostname;
  if (!ofToken.includes('*')) return ofToken;
  return hostname !== null && fits(hostname, ofToken) ? hostname : null;
}

function fits(hostname: string, pattern: string): boolean {
  const [start = '', end = ''] = pattern.split('*');
  return hostname.length > start.length + end.length && hostname.startsWith(start) && hostname.endsWith(end);
}
