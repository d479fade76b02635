import { parseRole } from '@qconn/authz';
import { QconnError } from '@qconn/protocol';
import { Type } from 'typebox';
import { actOf, type ApiContext, type App } from '../app.ts';
import { GrantSchema, RoleSchema } from '../schemas.ts';
import { roleView } from '../views.ts';

const Params = Type.Object({ name: Type.String({ minLength: 1, maxLength: 128 }) });
const Body = Type.Object(
  {
    grants: Type.Array(GrantSchema, { maxItems: 1000 }),
    ifGeneration: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'Refuse when the role is no longer at this generation; 0: it must not exist',
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
      schema: { summary: 'List roles', response: { 200: Type.Object({ items: Type.Array(RoleSchema) }) } },
    },
    async () => ({
      items: (await store.roles.list()).map(roleView),
    }),
  );

  app.get(
    '/v1/roles/:name',
    {
      config: { access: 'roles.read' },
      schema: { summary: 'Show a role', params: Params, response: { 200: RoleSchema } },
    },
    async ({ params }) => {
      const role = await store.roles.find(params.name);
      if (role === undefined) throw new QconnError('unknown_role', `There is no role ${params.name}.`);
      return roleView(role);
    },
  );

  app.put(
    '/v1/roles/:name',
    {
      config: { access: 'roles.write' },
      schema: {
        summary: 'Make a role or replace its grants',
        params: Params,
        body: Body,
        response: { 200: RoleSchema },
      },
    },
    async (request) => {
      const { name, grants } = parseRole({ name: request.params.name, grants: request.body.grants });
      const role = await store.roles.put({
        name,
        grants,
        ifGeneration: request.body.ifGeneration,
        ...actOf(request, context),
      });
      await policy.upToDate();
      return roleView(role);
    },
  );

  app.delete(
    '/v1/roles/:name',
    {
      config: { access: 'roles.write' },
      schema: { summary: 'Delete a role that no machine has', params: Params, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      await store.roles.delete({ name: request.params.name, ...actOf(request, context) });
      await policy.upToDate();
      return reply.status(204).send(null);
    },
  );
}
