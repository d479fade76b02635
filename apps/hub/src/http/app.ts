import type { Clock } from '@qconn/clock';
import type { Logger } from '@qconn/startup';
import type { Act, Once, Store } from '@qconn/store';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
} from 'fastify';
import type { Server } from 'node:https';
import type { LiveSettings } from '../config/live-settings.ts';
import type { MachineCertificates } from '../admission/certificates.ts';
import type { HubAuthority } from '../authority/hub-authority.ts';
import type { ServerCertificate } from '../authority/server-certificate.ts';
import type { HubMetrics } from '../metrics/hub-metrics.ts';
import type { Access } from './admin-actions.ts';
import { NOBODY, type Caller } from './caller.ts';
import type { LivePolicy } from '../policy/live-policy.ts';
import type { RateLimits, Ration } from './rate-limit.ts';
import type { RecentExchanges } from '../relay/recent-exchanges.ts';
import type { SecurityLog } from '../security/security-log.ts';
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
  readonly authority: HubAuthority;
  /** The hub's own. */
  readonly serverCertificate: Pick<ServerCertificate, 'vouchers'>;
  readonly certificates: MachineCertificates;
  /** How long after its expiry a machine may renew its certificate and keep its rights, in milliseconds. */
  readonly graceMs: number;
  readonly policy: LivePolicy;
  readonly sessions: SessionBook;
  readonly metrics: HubMetrics;
  readonly recent: RecentExchanges;
  readonly security: Pick<SecurityLog, 'tell'>;
  /** Whether the hub stops: it is not ready any more. */
  readonly draining: () => boolean;
  readonly log: Logger;
  readonly limits: RateLimits;
  readonly settings: LiveSettings;
  readonly hub: { readonly id: string; readonly quicPort: number; readonly advertise: readonly string[] };
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    ration?: Ration;
    /** Its answer holds a secret that is shown once, and so is never kept for a repeated request. */
    secretAnswer?: true;
  }
  interface FastifyRequest {
    /** Who calls; `undefined` until the request has been let in. */
    caller: Caller | undefined;
    /** Set when the caller names the request, so that it is not done twice. */
    once: Once | undefined;
  }
}

/** Who does it, and when: what every change in the store takes. */
export function actOf({ caller = NOBODY, once }: Pick<FastifyRequest, 'caller' | 'once'>, { clock }: ApiContext): Act {
  return { actor: caller.actor, now: clock.now(), once };
}
