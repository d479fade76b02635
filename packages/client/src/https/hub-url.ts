/** The host of a URL, an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/** The TCP port of an https URL. */
export function portOf(url: URL): number {
  return url.port === '' ? 443 : Number(url.port);
}
