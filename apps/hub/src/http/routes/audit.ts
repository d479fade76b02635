import { Type } from 'typebox';
import type { ApiContext, App } from '../app.ts';
import { pageRequest } from '../page-request.ts';
import { AuditSchema, PageQuery, pageOf } from '../schemas.ts';
import { auditView, pageView } from '../views.ts';

const Filter = Type.Object(
  {
    ...PageQuery.properties,
    subject: Type.Optional(Type.String({ maxLength: 128 })),
    act: Type.Optional(Type.String({ maxLength: 64 })),
  },
  { additionalProperties: false },
);

/** The audit trail, newest first. */
export function auditRoutes(app: App, { store }: ApiContext): void {
  app.get(
    '/v1/audit',
    {
      config: { access: 'audit.read' },
      schema: {
        summary: 'List the audit trail, newest first',
        querystring: Filter,
        response: { 200: pageOf(AuditSchema) },
      },
    },
    async ({ query }) =>
      pageView(await store.audit.list({ ...pageRequest(query), subject: query.subject, act: query.act }), auditView),
  );
}
