import { Type } from 'typebox';
import type { MachineRecord } from '@qconn/store';
import { actOf, type ApiContext, type App } from '../app.ts';
import { findMachine } from '../find-machine.ts';
import { pageRequest } from '../page-request.ts';
import { MachineSchema, PageQuery, pageOf } from '../schemas.ts';
import { machineView, pageView } from '../views.ts';

const Params = Type.Object({
  machine: Type.String({
    minLength: 1,
    maxLength: 128,
    description: 'Fingerprint or hostname; for a pending machine also its short code or the hostname that it asks for',
  }),
});

const Filter = Type.Object(
  {
    ...PageQuery.properties,
    status: Type.Optional(Type.Union([Type.Literal('pending'), Type.Literal('authorized'), Type.Literal('revoked')])),
    role: Type.Optional(Type.String({ maxLength: 128 })),
  },
  { additionalProperties: false },
);

const Roles = Type.Array(Type.String({ maxLength: 128 }), { maxItems: 64 });
const Labels = Type.Record(Type.String(), Type.String({ maxLength: 128 }));

const Approval = Type.Object(
  {
    hostname: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: 'Left out: the one that it asks for' }),
    ),
    roles: Roles,
    labels: Type.Optional(Labels),
    replace: Type.Optional(
      Type.String({
        maxLength: 128,
        description: 'Revoke this machine, which holds the hostname, in the same transaction',
      }),
    ),
  },
  { additionalProperties: false },
);

const Assignment = Type.Object(
  { roles: Type.Optional(Roles), labels: Type.Optional(Labels) },
  { additionalProperties: false, minProperties: 1 },
);
const Revocation = Type.Object(
  { reason: Type.Optional(Type.String({ maxLength: 500 })) },
  { additionalProperties: false },
);

/** Machines: the approval queue, rights, revocation. A change is in force on this hub when its answer arrives. */
export function machineRoutes(app: App, context: ApiContext): void {
  const { store, policy, sessions } = context;
  const view = (record: MachineRecord): ReturnType<typeof machineView> =>
    machineView(record, sessions.isOnline(record.fingerprint));
  const inForce = async (record: MachineRecord): Promise<ReturnType<typeof machineView>> => {
    await policy.upToDate();
    return view(record);
  };

  app.get(
    '/v1/machines',
    {
      config: { access: 'machines.read' },
      schema: {
        summary: 'List machines, the oldest first',
        querystring: Filter,
        response: { 200: pageOf(MachineSchema) },
      },
    },
    async ({ query }) =>
      pageView(await store.machines.list({ ...pageRequest(query), status: query.status, role: query.role }), view),
  );

  app.get(
    '/v1/machines/:machine',
    {
      config: { access: 'machines.read' },
      schema: { summary: 'Show a machine', params: Params, response: { 200: MachineSchema } },
    },
    async ({ params }) => view(await findMachine(store, params.machine)),
  );

  app.post(
    '/v1/machines/:machine/approve',
    {
      config: { access: 'machines.approve' },
      schema: {
        summary: 'Authorize a pending machine under a hostname, with roles',
        params: Params,
        body: Approval,
        response: { 200: MachineSchema },
      },
    },
    async (request) => {
      const { hostname, roles, labels, replace } = request.body;
      const machine = await findMachine(store, request.params.machine);
      const name = hostname ?? machine.requestedHostname ?? '';
      return inForce(
        await store.machines.approve({
          fingerprint: machine.fingerprint,
          hostname: name,
          roles,
          labels,
          replace,
          ...actOf(request, context),
        }),
      );
    },
  );

  app.put(
    '/v1/machines/:machine/rights',
    {
      config: { access: 'machines.approve' },
      schema: {
        summary: 'Replace a machine’s roles, labels or both',
        params: Params,
        body: Assignment,
        response: { 200: MachineSchema },
      },
    },
    async (request) => {
      const { fingerprint } = await findMachine(store, request.params.machine);
      return inForce(await store.machines.assign({ fingerprint, ...request.body, ...actOf(request, context) }));
    },
  );

  app.post(
    '/v1/machines/:machine/revoke',
    {
      config: { access: 'machines.revoke' },
      schema: {
        summary: 'Revoke a machine for good: its connection is closed',
        params: Params,
        body: Revocation,
        response: { 200: MachineSchema },
      },
    },
    async (request) => {
      const { fingerprint } = await findMachine(store, request.params.machine);
      return inForce(
        await store.machines.revoke({ fingerprint, reason: request.body.reason, ...actOf(request, context) }),
      );
    },
  );
}
