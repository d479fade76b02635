import { Type, type Static } from 'typebox';
import { demand } from '../access.ts';
import { actOf, type ApiContext, type App } from '../app.ts';
import { NOBODY } from '../caller.ts';
import { mayChangeGrants, mayHandOut } from '../handing-out.ts';
import { planOf } from '../role-plan.ts';
import { checkPrecondition, EditHeaders, etagOf } from '../preconditions.ts';
import { changeOf, grantsOnlyIn, rolesThatMove, type RoleSetChange } from '../role-set.ts';
import { GrantSchema } from '../schemas.ts';
import { refuseSelfLockout } from '../self-lockout.ts';

/** Most bytes of a set: a thousand roles of a hundred grants. */
const ROLE_SET_MAX_BYTES: number = 8 * 1024 * 1024;

const RoleSetSchema = Type.Object(
  {
    roles: Type.Array(
      Type.Object(
        { name: Type.String({ maxLength: 128 }), grants: Type.Array(GrantSchema, { maxItems: 1000 }) },
        { additionalProperties: false },
      ),
      { maxItems: 5000 },
    ),
    assignments: Type.Optional(
      Type.Record(Type.String(), Type.Array(Type.String({ maxLength: 128 }), { maxItems: 64 }), {
        description: 'Machines by hostname or fingerprint, and the roles that each shall have, all of them',
      }),
    ),
    prune: Type.Optional(Type.Boolean({ default: false, description: 'Delete the roles that the set does not have' })),
    force: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Take a role that is deleted from the machines and API keys that have it instead of refusing',
      }),
    ),
  },
  { $id: 'RoleSet', additionalProperties: false },
);

const Rights = Type.Array(
  Type.Object({
    verb: Type.String(),
    serviceType: Type.String({ description: 'Pattern of service types, or of administrative actions' }),
    towards: Type.Optional(Type.String({ description: 'Towards which machines; left out: any' })),
  }),
);

const ChangeSchema = Type.Object(
  {
    roles: Type.Array(
      Type.Object({
        name: Type.String(),
        change: Type.Union([Type.Literal('make'), Type.Literal('edit'), Type.Literal('delete')]),
        adds: Type.Array(GrantSchema),
        removes: Type.Array(GrantSchema),
      }),
    ),
    assignments: Type.Array(
      Type.Object({
        machine: Type.String(),
        hostname: Type.Union([Type.String(), Type.Null()]),
        before: Type.Array(Type.String()),
        after: Type.Array(Type.String()),
      }),
    ),
  },
  { $id: 'RoleSetChange' },
);

const PlanSchema = Type.Object(
  {
    change: ChangeSchema,
    affected: Type.Array(
      Type.Object({
        kind: Type.Union([Type.Literal('machine'), Type.Literal('key')]),
        id: Type.String({ description: 'Fingerprint, or id of the key' }),
        name: Type.String(),
        gains: Rights,
        loses: Rights,
      }),
    ),
    holders: Type.Integer({ description: 'Machines and keys that have a role that changes, or get or lose one' }),
    version: Type.String({ description: 'Of all roles: the ETag without the quotes' }),
    complete: Type.Boolean({ description: 'Whether all of them were looked at; not past 1,000 affected, or 2 s' }),
  },
  { $id: 'RoleSetPlan' },
);

/** All roles at once, as one file has them. */
export function roleSetRoutes(app: App, context: ApiContext): void {
  const { store, policy } = context;

  app.post(
    '/v1/roles/plan',
    {
      bodyLimit: ROLE_SET_MAX_BYTES,
      config: { access: 'roles.read' },
      schema: {
        summary: 'Say what a set of roles would change, and for whom; its ETag is what PUT /v1/roles takes as If-Match',
        body: RoleSetSchema,
        response: { 200: PlanSchema },
      },
    },
    async ({ body }, reply) => {
      await policy.upToDate();
      const version = await store.roles.version();
      const known = await store.roles.all();
      const change = changeOf(body, known, policy);
      const { affected, holders, complete } = await planOf(change, known, context);
      const view = {
        change: changeView(change, context),
        affected: affected.map(affectedView),
        holders,
        complete,
        version,
      };
      return reply.header('etag', etagOf(version)).send(view);
    },
  );

  app.put(
    '/v1/roles',
    {
      bodyLimit: ROLE_SET_MAX_BYTES,
      config: { access: 'roles.write' },
      schema: {
        summary: 'Make, replace, delete and assign roles in one transaction, as a set has them',
        headers: EditHeaders,
        body: RoleSetSchema,
        response: { 200: ChangeSchema },
      },
    },
    async (request, reply) => {
      const { body, headers, caller = NOBODY } = request;
      await policy.upToDate();
      // The version comes first: what is edited between the two is a conflict, never a loss.
      const version = await store.roles.version();
      checkPrecondition(headers, version, { what: 'the set of roles', required: true });
      const known = await store.roles.all();
      const change = changeOf(body, known, policy);
      for (const { name, before = [], after = [] } of change.roles)
        mayChangeGrants(caller, name, { before, after }, context);
      if (change.machines.length > 0) {
        demand(caller, 'machines.approve', context);
        const made = body.roles.map((role) => ({ ...role, generation: 0, updatedAt: 0 }));
        mayHandOut(
          caller,
          change.machines.flatMap(({ before, after }) => rolesThatMove(before, after)),
          [...made, ...known],
          context,
        );
      }
      refuseSelfLockout(caller, change, context);
      const after = await store.roles.apply({
        ifVersion: version,
        put: change.roles.flatMap(({ name, after: grants }) => (grants === undefined ? [] : [{ name, grants }])),
        delete: change.roles.filter(({ after: grants }) => grants === undefined).map(({ name }) => name),
        assign: change.machines.map(({ fingerprint, after: roles }) => ({ fingerprint, roles })),
        force: body.force,
        ...actOf(request, context),
      });
      await policy.upToDate();
      return reply.header('etag', etagOf(after)).send(changeView(change, context));
    },
  );
}

function changeView({ roles, machines }: RoleSetChange, { policy }: ApiContext): Static<typeof ChangeSchema> {
  const grants = (some: ReturnType<typeof grantsOnlyIn>): Static<typeof GrantSchema>[] =>
    structuredClone(some) as Static<typeof GrantSchema>[];
  return {
    roles: roles.map(({ name, before, after }) => ({
      name,
      change: before === undefined ? ('make' as const) : after === undefined ? ('delete' as const) : ('edit' as const),
      adds: grants(grantsOnlyIn(after, before)),
      removes: grants(grantsOnlyIn(before, after)),
    })),
    assignments: machines.map(({ fingerprint, before, after }) => ({
      machine: fingerprint,
      hostname: policy.current.machine(fingerprint)?.hostname ?? null,
      before: [...before],
      after: [...after],
    })),
  };
}

function affectedView({
  kind,
  id,
  name,
  gains,
  loses,
}: Awaited<ReturnType<typeof planOf>>['affected'][number]): Static<typeof PlanSchema>['affected'][number] {
  return { kind, id, name, gains: [...gains], loses: [...loses] };
}
