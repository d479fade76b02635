import { Type } from 'typebox';
import type { ApiContext, App } from '../app.ts';
import { checkReady } from '../readiness.ts';

const Health = Type.Object({ status: Type.Literal('ok') });

/** Is the process alive, and can it do its work? */
export function healthRoutes(app: App, context: ApiContext): void {
  const { hub, authority } = context;
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

  const HubSchema = Type.Object({
    id: Type.String(),
    quicPort: Type.Integer(),
    rootPem: Type.String(),
    api: Type.Literal('v1'),
  });
  app.get(
    '/v1/hub',
    { config: { access: 'public' }, schema: { summary: 'Which hub this is', response: { 200: HubSchema } } },
    () => ({
      id: hub.id,
      quicPort: hub.quicPort,
      rootPem: authority.rootPem,
      api: 'v1' as const,
    }),
  );
}
