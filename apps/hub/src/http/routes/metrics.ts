import { Type } from 'typebox';
import type { ApiContext, App } from '../app.ts';

/** What the hub measures of itself, for Prometheus. */
export function metricsRoutes(app: App, { metrics }: ApiContext): void {
  app.get(
    '/metrics',
    {
      config: { access: 'metrics.read' },
      schema: {
        summary: 'Metrics in Prometheus’ text format',
        response: { 200: { content: { 'text/plain': { schema: Type.String() } } } },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  );
}
