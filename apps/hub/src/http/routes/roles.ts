import { parseRole } from '@qconn/authz';
import { QconnError } from '@qconn/protocol';
import { Type } from 'typebox';
import { actOf, type ApiContext, type App } from '../app.ts';
import { NOBODY } from '../caller.ts';
import { mayChangeGrants } from '../handing-out.ts';
import { pageRequest } from '../page-request.ts';
import { checkPrecondition, EditHeaders, etagOf } from '../preconditions.ts';
import { refuseSelfLockout } from '../self-lockout.ts';
import { GrantSchema, PageQuery, pageOf, RoleSchema } from '../schemas.ts';
import { pageView, roleView } from '../views.ts';

const Params = Type.Object({ name: Type.String({ minLength: 1, maxLength: 128 }) });
const Body = Type.Object({ grants: Type.Array(GrantSchema, { maxItems: 1000 }) }, { additionalProperties: false });
const Deletion = Type.Object(
  {
    force: Type.Optional(
      Type.Union([Type.Literal('true'), Type.Literal('false')], {
        description: 'Take the role from the machines and API keys that have it instead of refusing',
      }),
    ),
  },
  { additionalProperties: false },
);

/** Roles: named sets of grants. */
export function roleRoutes(app: App, context: ApiContext): void {
  const { store, policy } = context;

  app.get(
    '/v1/roles',
    {
      config: { access: 'roles.read' },
      schema: { summary: 'List roles by name', querystring: PageQuery, response: { 200: pageOf(RoleSchema) } },
    },
    async ({ query }) => pageView(await store.roles.list(pageRequest(query)), roleView),
  );

  app.get(
    '/v1/roles/:name',
    {
      config: { access: 'roles.read' },
      schema: { summary: 'Show a role', params: Params, response: { 200: RoleSchema } },
    },
    async ({ params }, reply) => {
      const role = await store.roles.find(params.name);
      if (role === undefined) throw unknownRole(params.name);
      return reply.header('etag', etagOf(role.generation)).send(roleView(role));
    },
  );

  app.put(
    '/v1/roles/:name',
    {
      config: { access: 'roles.write' },
      schema: {
        summary: 'Make a role or replace its grants',
        params: Params,
        headers: EditHeaders,
        body: Body,
        response: { 200: RoleSchema },
      },
    },
    async (request, reply) => {
      const { headers, params, body, caller = NOBODY } = request;
      const { name, grants } = parseRole({ name: params.name, grants: body.grants });
      const before = await store.roles.find(name);
      checkPrecondition(headers, before?.generation, { what: `the role ${name}`, required: true });
      const change = { name, before: before?.grants, after: grants };
      mayChangeGrants(caller, name, { before: before?.grants ?? [], after: grants }, context);
      refuseSelfLockout(caller, { roles: [change], machines: [] }, context);
      const role = await store.roles.put({
        name,
        grants,
        ifGeneration: before?.generation ?? 0,
        ...actOf(request, context),
      });
      await policy.upToDate();
      return reply.header('etag', etagOf(role.generation)).send(roleView(role));
    },
  );

  app.delete(
    '/v1/roles/:name',
    {
      config: { access: 'roles.write' },
      schema: {
        summary: 'Delete a role that nobody has',
        params: Params,
        headers: EditHeaders,
        querystring: Deletion,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { headers, params, query, caller = NOBODY } = request;
      const { name } = params;
      const before = await store.roles.find(name);
      if (before === undefined) throw unknownRole(name);
      checkPrecondition(headers, before.generation, { what: `the role ${name}`, required: false });
      mayChangeGrants(caller, name, { before: before.grants, after: [] }, context);
      refuseSelfLockout(caller, { roles: [{ name, before: before.grants, after: undefined }], machines: [] }, context);
      await store.roles.delete({
        name,
        ifGeneration: before.generation,
        force: query.force === 'true',
        ...actOf(request, context),
      });
      await policy.upToDate();
      return reply.status(204).send(null);
    },
  );
}

function unknownRole(name: string): QconnError {
  return new QconnError('unknown_role', `There is no role ${name}.`);
}
