import type { ApiContext, App } from '../app.ts';
import { pageRequest } from '../page-request.ts';
import { PageQuery, pageOf, SessionSchema } from '../schemas.ts';
import { pageOfSessions } from '../session-page.ts';
import { pageView, sessionView } from '../views.ts';

/** Live sessions of this hub. */
export function sessionRoutes(app: App, { sessions }: ApiContext): void {
  app.get(
    '/v1/sessions',
    {
      config: { access: 'sessions.read' },
      schema: {
        summary: 'List the machines that are connected to this hub, by fingerprint',
        querystring: PageQuery,
        response: { 200: pageOf(SessionSchema) },
      },
    },
    ({ query }) => pageView(pageOfSessions(sessions, pageRequest(query)), sessionView),
  );
}
