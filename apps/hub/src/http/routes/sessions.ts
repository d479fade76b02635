import { Type } from 'typebox';
import type { ApiContext, App } from '../app.ts';
import { SessionSchema } from '../schemas.ts';
import { sessionView } from '../views.ts';

/** Live sessions of this hub. */
export function sessionRoutes(app: App, { sessions }: ApiContext): void {
  app.get(
    '/v1/sessions',
    {
      config: { access: 'sessions.read' },
      schema: {
        summary: 'List the machines that are connected to this hub',
        response: { 200: Type.Object({ items: Type.Array(SessionSchema) }) },
      },
    },
    () => ({
      items: [...sessions].map(sessionView),
    }),
  );
}
