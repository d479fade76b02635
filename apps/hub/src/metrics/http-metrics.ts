import { Counter, type Registry } from 'prom-client';

/** Requests of the HTTPS API. */
export class HttpMetrics {
  readonly #requests: Counter<'method' | 'route' | 'status'>;

  constructor(registry: Registry) {
    this.#requests = new Counter({
      name: 'qconn_http_requests_total',
      help: 'Answered requests of the HTTPS API, by route (none: no such route), method and status',
      labelNames: ['method', 'route', 'status'],
      registers: [registry],
    });
  }

  /** @param route the pattern, never the URL: there are as many of those as machines */
  answered(method: string, route: string | undefined, status: number): void {
    this.#requests.inc({ method, route: route ?? 'none', status });
  }
}
