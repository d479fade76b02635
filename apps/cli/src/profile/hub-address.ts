import { parseHubUrl } from '@qconn/client';
import { QconnError } from '@qconn/protocol';

/** A hub's address as people write it: `hub.example:7443` is as good as `https://hub.example:7443`. @throws QconnError `usage` */
export function hubAddress(text: string): URL {
  const url = parseHubUrl(text.includes('://') ? text : `https://${text}`);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new QconnError(
      'usage',
      `${JSON.stringify(text)} has more than a host and a port; a hub's address looks like https://hub.example:7443.`,
    );
  }
  return url;
}
