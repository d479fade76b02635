import type { AuditVerdict } from '@qconn/store';
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
    actor: Type.Optional(Type.String({ maxLength: 128, description: 'Such as `key:3f…`, `token:…`, `machine:qc1…`' })),
    since: Type.Optional(Type.String({ format: 'date-time', description: 'Not before' })),
    after: Type.Optional(
      Type.String({
        pattern: '^[0-9]{1,15}$',
        description: 'Only rows after the one with this id; to follow the trail',
      }),
    ),
    order: Type.Optional(Type.Union([Type.Literal('newest'), Type.Literal('oldest')])),
  },
  { additionalProperties: false },
);

const Verdict = Type.Object({
  intact: Type.Boolean(),
  rows: Type.Integer({ description: 'Rows that were checked and are in order' }),
  brokenAt: Type.Union([Type.Integer(), Type.Null()], {
    description: 'First row that is missing or was changed; null when intact',
  }),
  head: Type.String({
    description:
      'Hash of the last row, in hex. Whoever can write to the database can make a whole new chain: note this value elsewhere now and then, and look for it later',
  }),
});

/** The audit trail, newest first, and whether it is whole. */
export function auditRoutes(app: App, { store }: ApiContext): void {
  /** Reads every row: whoever asks while it runs gets the same answer. */
  let verifying: Promise<AuditVerdict> | undefined;
  const verify = (): Promise<AuditVerdict> => {
    verifying ??= store.audit.verify().finally(() => {
      verifying = undefined;
    });
    return verifying;
  };

  app.get(
    '/v1/audit/verify',
    {
      config: { access: 'audit.read' },
      schema: {
        summary: 'Check that no row of the audit trail was changed or removed; reads all of it',
        response: { 200: Verdict },
      },
    },
    async () => {
      const verdict = await verify();
      return { ...verdict, brokenAt: verdict.brokenAt ?? null };
    },
  );

  app.get(
    '/v1/audit',
    {
      config: { access: 'audit.read' },
      schema: {
        summary: 'List the audit trail, newest first unless told otherwise',
        querystring: Filter,
        response: { 200: pageOf(AuditSchema) },
      },
    },
    async ({ query }) => {
      const { subject, act, actor, since, after, order } = query;
      const page = await store.audit.list({
        ...pageRequest(query),
        subject,
        act,
        actor,
        since: since === undefined ? undefined : Date.parse(since),
        after: after === undefined ? undefined : Number(after),
        order,
      });
      return pageView(page, auditView);
    },
  );
}
