import type { QconnError } from '@qconn/protocol';
import type { FastifyRequest } from 'fastify';
import type { SecurityEventName } from '../security/security-event.ts';
import type { ApiContext, App } from './app.ts';

/** What success and refusal are called where a secret is presented in the body. */
const BY_SECRET: Readonly<Record<string, readonly [accepted: SecurityEventName, refused: SecurityEventName]>> = {
  '/v1/enroll': ['enrolment_accepted', 'enrolment_refused'],
  '/v1/bootstrap': ['bootstrap_accepted', 'bootstrap_refused'],
};

/** Tells the security log of everybody who has proven to be somebody. */
export function tellSuccesses(app: App, { security }: Pick<ApiContext, 'security'>): void {
  app.addHook('onResponse', async ({ ip, caller, socket, routeOptions: { url = '' } }, { statusCode }) => {
    const event = statusCode < 300 ? BY_SECRET[url]?.[0] : undefined;
    const proven = caller !== undefined && caller.kind !== 'nobody';
    if (event === undefined && !proven) return;
    const actor = proven ? caller.actor : undefined;
    security.tell({ event: event ?? 'api_authenticated', remote: ip, port: socket.remotePort, actor });
  });
}

/**
 * Tells the security log of a request that was refused because of who its sender is, or is not.
 * @returns false when that log has had enough of these from that source: then no other log needs a line
 */
export function tellRefusal(
  { ip, method, caller, socket, routeOptions: { url } }: FastifyRequest,
  { code, httpStatus }: QconnError,
  { security }: Pick<ApiContext, 'security'>,
): boolean {
  // Whoever limits the rates tells of that, once in a while.
  if (code === 'rate_limited') return false;
  if (httpStatus >= 500) return true;
  const bySecret = BY_SECRET[url ?? '']?.[1];
  const event = bySecret ?? (httpStatus === 401 ? 'api_refused' : httpStatus === 403 ? 'api_forbidden' : undefined);
  if (event === undefined) return true;
  const actor = caller === undefined || caller.kind === 'nobody' ? undefined : caller.actor;
  return security.tell({ event, remote: ip, port: socket.remotePort, code, actor, route: `${method} ${url ?? ''}` });
}
