import { hashSecret, parseSecret } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import type { ApiContext } from './app.ts';
import type { Caller } from './caller.ts';

/**
 * Who the bearer of an API key is. A key acts with the roles that are its scopes.
 * @throws QconnError `unauthenticated`, for every reason alike
 */
export async function callerOfKey(authorization: string, { store, clock }: ApiContext): Promise<Caller> {
  const [scheme, credentials] = authorization.split(' ', 2);
  if (scheme?.toLowerCase() !== 'bearer' || credentials === undefined)
    throw new QconnError('unauthenticated', 'The request carries no API key.');
  const secret = parseKey(credentials);
  const { id, name, scopes, expiresAt } = await store.keys.authenticate({
    id: secret.idText,
    secretHash: hashSecret(secret.secret),
    now: clock.now(),
  });
  return {
    kind: 'key',
    actor: `key:${id}`,
    name: `the key ${name}`,
    roles: scopes,
    party: { fingerprint: `key:${id}`, status: 'authorized', labels: {}, roles: scopes },
    endsAt: expiresAt,
  };
}

function parseKey(text: string): ReturnType<typeof parseSecret> {
  try {
    return parseSecret(text, 'qk');
  } catch (cause) {
    throw new QconnError('unauthenticated', 'The API key is not complete and correct.', { cause });
  }
}
