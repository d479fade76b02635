import { QconnError } from '@qconn/protocol';
import { sourceOf } from '@qconn/transport';
import type { ApiContext, App } from './app.ts';
import { SourceLimits } from './source-limits.ts';

/** Which limit a route counts against: that of all requests unless it says otherwise. `none` is for probes of liveness. */
export type Ration = 'requests' | 'enrolments' | 'none';

/** Requests per second of one source, on average; looked at for each. */
export interface RateLimits {
  readonly requestsPerSecond: number;
  /** Of them those that present an enrolment token or the bootstrap secret. */
  readonly enrolmentsPerSecond: number;
}

/** Requests that may come at once, in seconds' worth of the rate: a fleet behind one address that powers up, a script over a list. */
const BURST_S = 10;

/** Refuses whoever asks too often before anything is read, parsed or looked up for them. */
export function limitRates(app: App, { clock, metrics, security, limits }: ApiContext): void {
  const all = limiter(() => limits.requestsPerSecond);
  const enrolments = limiter(() => limits.enrolmentsPerSecond);
  app.addHook('onRequest', async ({ ip, method, routeOptions }) => {
    const { ration = 'requests' } = routeOptions.config;
    if (ration === 'none') return;
    const [source, now] = [sourceOf(ip), clock.monotonic()];
    const { waitMs, tell } = (ration === 'enrolments' ? enrolments() : all()).admit(source, now);
    if (waitMs === 0) return;
    metrics.http.rateLimited(ration);
    if (tell !== undefined)
      security.tell({ event: 'rate_limited', remote: ip, code: ration, route: `${method} ${routeOptions.url ?? ''}` });
    throw new QconnError('rate_limited', `Too many ${ration} come from ${source}.`, { retryAfterMs: waitMs });
  });
}

/** The limits at the present rate; when that has changed, every source starts with a full bucket. */
function limiter(rate: () => number): () => SourceLimits {
  let perSecond: number | undefined;
  let limits: SourceLimits;
  return () => {
    const now = rate();
    if (now !== perSecond) limits = new SourceLimits({ perSecond: now, burst: now * BURST_S });
    perSecond = now;
    return limits;
  };
}
