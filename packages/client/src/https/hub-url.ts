import { QconnError } from '@qconn/protocol';

/** @throws QconnError `usage` for anything but an https URL */
export function parseHubUrl(url: string | URL): URL {
  const parsed = typeof url === 'string' ? URL.parse(url) : url;
  if (parsed?.protocol !== 'https:')
    throw new QconnError(
      'usage',
      `${JSON.stringify(String(url))} is no https URL; a hub's address looks like https://hub.example:8443.`,
    );
  return parsed;
}

/** The host of a URL, an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/** The TCP port of an https URL. */
export function portOf(url: URL): number {
  return url.port === '' ? 443 : Number(url.port);
}
