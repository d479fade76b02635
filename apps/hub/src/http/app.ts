import type { CertificateAuthority } from '@qconn/identity';
import type { Clock } from '@qconn/clock';
import type { Logger } from '@qconn/startup';
import type { Act, Store } from '@qconn/store';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
} from 'fastify';
import type { Server } from 'node:https';
import type { MachineCertificates } from '../admission/certificates.ts';
import type { HubMetrics } from '../metrics/hub-metrics.ts';
import { NOBODY, type Caller } from './caller.ts';
import type { LivePolicy } from '../policy/live-policy.ts';
import type { RateLimits, Ration } from './rate-limit.ts';
import type { SessionBook } from '../session/session-book.ts';

/** The HTTP server with types taken from the routes' schemas. */
export type App = FastifyInstance<
  Server,
  RawRequestDefaultExpression<Server>,
  RawReplyDefaultExpression<Server>,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What the routes work with. */
export interface ApiContext {
  readonly clock: Clock;
  readonly store: Store;
  readonly authority: CertificateAuthority;
  readonly certificates: MachineCertificates;
  readonly policy: LivePolicy;
  readonly sessions: SessionBook;
  readonly metrics: HubMetrics;
  /** Whether the hub stops: it is not ready any more. */
  readonly draining: () => boolean;
  readonly log: Logger;
  readonly limits: RateLimits;
  readonly hub: { readonly id: string; readonly quicPort: number; readonly advertise: readonly string[] };
}

/**
 * Who may call a route: everybody, or who holds this administrative action. Actions are the service
 * types of `admin` grants, so that a role may allow `machines.*` and nothing else.
 */
export type Access = 'public' | AdminAction;

export type AdminAction =
  | 'audit.read'
  | 'keys.read'
  | 'keys.write'
  | 'machines.approve'
  | 'machines.read'
  | 'machines.revoke'
  | 'metrics.read'
  | 'roles.read'
  | 'roles.write'
  | 'sessions.read'
  | 'tokens.read'
  | 'tokens.write';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    ration?: Ration;
  }
  interface FastifyRequest {
    /** Who calls; `undefined` until the request has been let in. */
    caller: Caller | undefined;
  }
}

/** Who does it, and when: what every change in the store takes. */
export function actOf({ caller = NOBODY }: { readonly caller: Caller | undefined }, { clock }: ApiContext): Act {
  return { actor: caller.actor, now: clock.now() };
}
