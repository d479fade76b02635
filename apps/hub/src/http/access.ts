import type { Principal } from '@qconn/authz';
import { hashSecret, parseSecret } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import type { KeyRecord, RoleGrant, RoleRecord } from '@qconn/store';
import type { FastifyRequest } from 'fastify';
import type { Access, ApiContext } from './app.ts';
import { NOBODY, type Caller } from './caller.ts';

/**
 * Lets a request pass or refuses it: an API key's roles are judged by the same engine as a machine's.
 * @returns who calls: the actor for the audit trail, and its roles
 * @throws QconnError `unauthenticated`, `forbidden` with the missing grant
 */
export async function admit(request: FastifyRequest, access: Access, context: ApiContext): Promise<Caller> {
  if (access === 'public') return NOBODY;
  const key = await authenticate(request.headers.authorization, context);
  const decision = context.policy.current.decide(principalOf(key), 'admin', access);
  if (!decision.allowed) throw new QconnError('forbidden', `${decision.reasonFor(`the key ${key.name}`)}.`);
  return { actor: `key:${key.id}`, roles: key.scopes };
}

/**
 * Nobody hands out more than they have: a key may be given the roles that its maker has, or any by who may
 * administer everything.
 * @param roles every role there is
 * @throws QconnError `forbidden` naming the role
 */
export function mayHandOut(caller: Caller, wanted: readonly string[], roles: readonly RoleRecord[]): void {
  const own = roles.filter(({ name }) => caller.roles.includes(name));
  const everything = own.some(({ grants }) => grants.some(allowsAllAdministration));
  const tooMuch = everything ? undefined : wanted.find((name) => !caller.roles.includes(name));
  if (tooMuch !== undefined)
    throw new QconnError('forbidden', `The key that makes this one does not have the role ${tooMuch} itself.`);
}

function allowsAllAdministration({ effect, verb, serviceTypes }: RoleGrant): boolean {
  return effect === 'allow' && verb === 'admin' && serviceTypes.includes('*');
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
