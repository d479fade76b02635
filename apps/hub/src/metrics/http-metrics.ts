import { Counter, type Registry } from 'prom-client';
import { Tally } from './tally.ts';

/** Requests of the HTTPS API. */
export class HttpMetrics {
  readonly #requests: Counter<'method' | 'route' | 'status'>;
  readonly #limited: Tally<'requests' | 'enrolments'>;

  constructor(registry: Registry) {
    this.#requests = new Counter({
      name: 'qconn_http_requests_total',
      help: 'Answered requests of the HTTPS API, by route (none: no such route), method and status',
      labelNames: ['method', 'route', 'status'],
      registers: [registry],
    });
    this.#limited = new Tally(registry, {
      name: 'qconn_rate_limited_total',
      help: 'Requests of the HTTPS API that were refused because their source sent too many, by what it sent too many of',
      label: 'ration',
      keys: ['requests', 'enrolments'],
    });
  }

  /** @param route the pattern, never the URL: there are as many of those as machines */
  answered(method: string, route: string | undefined, status: number): void {
    this.#requests.inc({ method, route: route ?? 'none', status });
  }

  rateLimited(ration: 'requests' | 'enrolments'): void {
    this.#limited.add(ration);
  }
}
