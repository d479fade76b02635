import { fetchPinnedTrust, HubHttps, parseSecret } from '@qconn/client';

/** Exchanges a new hub's bootstrap secret for an administrator's key. @returns the hub's API for that key */
export async function becomeAdministrator(url: string, bootstrapSecret: string): Promise<HubHttps> {
  const { pin } = parseSecret(bootstrapSecret, 'qb');
  const { pem: trustPem } = await fetchPinnedTrust(new URL(url), pin ?? new Uint8Array());
  const guest = new HubHttps({ url, trustPem });
  const { key } = (await guest.call('POST', '/v1/bootstrap', { secret: bootstrapSecret, name: 'e2e' })) as {
    key: string;
  };
  guest.close();
  return new HubHttps({ url, trustPem, key });
}
