import type { Principal } from '@qconn/authz';
import { hashSecret, parseSecret } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import type { KeyRecord } from '@qconn/store';
import type { FastifyRequest } from 'fastify';
import type { Access, ApiContext } from './app.ts';

/**
 * Lets a request pass or refuses it: an API key's roles are judged by the same engine as a machine's.
 * @returns the actor, for the audit trail
 * @throws QconnError `unauthenticated`, `forbidden` with the missing grant
 */
export async function admit(request: FastifyRequest, access: Access, context: ApiContext): Promise<string> {
  if (access === 'public') return '';
  const key = await authenticate(request.headers.authorization, context);
  const decision = context.policy.current.decide(principalOf(key), 'admin', access);
  if (!decision.allowed) throw new QconnError('forbidden', `${decision.reasonFor(`the key ${key.name}`)}.`);
  return `key:${key.id}`;
}

async function authenticate(authorization: string | undefined, { store, clock }: ApiContext): Promise<KeyRecord> {
  const [scheme, credentials] = (authorization ?? '').split(' ', 2);
  if (scheme?.toLowerCase() !== 'bearer' || credentials === undefined)
    throw new QconnError('unauthenticated', 'The request carries no API key.');
  const secret = parseKey(credentials);
  return store.keys.authenticate({ id: secret.idText, secretHash: hashSecret(secret.secret), now: clock.now() });
}

function parseKey(text: string): ReturnType<typeof parseSecret> {
  try {
    return parseSecret(text, 'qk');
  } catch (cause) {
    throw new QconnError('unauthenticated', 'The API key is not complete and correct.', { cause });
  }
}

/** A key acts with the roles that are its scopes. */
function principalOf({ id, scopes }: KeyRecord): Principal {
  return { fingerprint: `key:${id}`, status: 'authorized', hostname: undefined, labels: {}, roles: scopes };
}
