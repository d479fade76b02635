import { Type } from 'typebox';
import type { ApiContext, App } from '../app.ts';
import { checkReady } from '../readiness.ts';

const Health = Type.Object({ status: Type.Literal('ok') });

/** Is the process alive, and can it do its work? */
export function healthRoutes(app: App, context: ApiContext): void {
  app.get(
    '/healthz',
    {
      config: { access: 'public', ration: 'none' },
      schema: { summary: 'Whether the process is alive', response: { 200: Health } },
    },
    () => ({ status: 'ok' as const }),
  );

  app.get(
    '/readyz',
    {
      config: { access: 'public' },
      schema: { summary: 'Whether the hub can admit machines and take changes', response: { 200: Health } },
    },
    async () => {
      await checkReady(context);
      return { status: 'ok' as const };
    },
  );
}
