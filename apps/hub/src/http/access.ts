import type { Decision } from '@qconn/authz';
import { QconnError } from '@qconn/protocol';
import type { FastifyRequest } from 'fastify';
import type { Access, AdminAction } from './admin-actions.ts';
import type { ApiContext } from './app.ts';
import { NOBODY, type Caller } from './caller.ts';
import { callerOfKey } from './caller-key.ts';
import { callerOfMachine } from './caller-machine.ts';

/**
 * Lets a request pass or refuses it. Whoever shows an API key is judged by it, and a certificate beside it counts for
 * nothing: rights are never added up.
 * @returns who calls
 * @throws QconnError `unauthenticated`, `forbidden` with the missing grant; for a certificate as {@link callerOfMachine}
 */
export async function admit(request: FastifyRequest, access: Access, context: ApiContext): Promise<Caller> {
  if (access === 'public') return NOBODY;
  const { authorization } = request.headers;
  const caller =
    authorization === undefined ? callerOfMachine(request, context) : await callerOfKey(authorization, context);
  if (caller === undefined)
    throw new QconnError('unauthenticated', 'The request carries no API key, and the connection no certificate.');
  if (access !== 'any') demand(caller, access, context);
  return caller;
}

/** @throws QconnError `forbidden` with the missing grant */
export function demand(caller: Caller, action: AdminAction, context: Pick<ApiContext, 'policy'>): void {
  const decision = mayAdminister(caller, action, context);
  if (!decision.allowed) throw new QconnError('forbidden', `${sentence(decision.reasonFor(caller.name))}.`);
}

export function mayAdminister(caller: Caller, action: string, { policy }: Pick<ApiContext, 'policy'>): Decision {
  return policy.current.decide(caller.party, 'admin', action);
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
