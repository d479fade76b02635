import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { isLabelKey, isLabelValue } from '@qconn/authz';
import { QconnError } from '@qconn/protocol';
import type { MachineRecord } from '@qconn/store';
import { demand } from '../access.ts';
import { actOf, type ApiContext, type App } from '../app.ts';
import { NOBODY } from '../caller.ts';
import { findMachine } from '../find-machine.ts';
import { mayHandOut } from '../handing-out.ts';
import { pageRequest } from '../page-request.ts';
import { checkPrecondition, EditHeaders, etagOf } from '../preconditions.ts';
import { rolesThatMove } from '../role-set.ts';
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
    label: Type.Optional(
      Type.String({ maxLength: 260, pattern: '^[^=]+=.+$', description: 'key=value: only machines with this label' }),
    ),
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
  const inForce = async (reply: FastifyReply, record: MachineRecord): Promise<ReturnType<typeof machineView>> => {
    await policy.upToDate();
    void reply.header('etag', etagOf(record.version));
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
      pageView(
        await store.machines.list({
          ...pageRequest(query),
          status: query.status,
          role: query.role,
          label: labelOf(query.label),
        }),
        view,
      ),
  );

  app.get(
    '/v1/machines/:machine',
    {
      config: { access: 'machines.read' },
      schema: { summary: 'Show a machine', params: Params, response: { 200: MachineSchema } },
    },
    async ({ params }, reply) => {
      const machine = await findMachine(store, params.machine);
      return reply.header('etag', etagOf(machine.version)).send(view(machine));
    },
  );

  app.post(
    '/v1/machines/:machine/approve',
    {
      config: { access: 'machines.approve' },
      schema: {
        summary: 'Authorize a pending machine under a hostname, with roles',
        params: Params,
        headers: EditHeaders,
        body: Approval,
        response: { 200: MachineSchema },
      },
    },
    async (request, reply) => {
      const { hostname, roles, labels, replace } = request.body;
      refuseLabels(labels);
      const machine = await findMachine(store, request.params.machine);
      const name = hostname ?? machine.requestedHostname ?? '';
      const { caller = NOBODY } = request;
      checkPrecondition(request.headers, machine.version, { what: `the machine ${name}`, required: false });
      if (replace !== undefined) demand(caller, 'machines.revoke', context);
      mayHandOut(caller, roles, await store.roles.named(roles), context);
      return inForce(
        reply,
        await store.machines.approve({
          ifVersion: machine.version,
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
        headers: EditHeaders,
        body: Assignment,
        response: { 200: MachineSchema },
      },
    },
    async (request, reply) => {
      const { body, caller = NOBODY } = request;
      refuseLabels(body.labels);
      const { fingerprint, version, roles: before } = await findMachine(store, request.params.machine);
      checkPrecondition(request.headers, version, { what: `the machine ${request.params.machine}`, required: true });
      const moving = body.roles === undefined ? [] : rolesThatMove(before, body.roles);
      mayHandOut(caller, moving, await store.roles.named(moving), context);
      return inForce(
        reply,
        await store.machines.assign({ fingerprint, ifVersion: version, ...body, ...actOf(request, context) }),
      );
    },
  );

  app.post(
    '/v1/machines/:machine/revoke',
    {
      config: { access: 'machines.revoke' },
      schema: {
        summary: 'Revoke a machine for good: its connection is closed',
        params: Params,
        headers: EditHeaders,
        body: Revocation,
        response: { 200: MachineSchema },
      },
    },
    async (request, reply) => {
      const { fingerprint, version } = await findMachine(store, request.params.machine);
      checkPrecondition(request.headers, version, { what: `the machine ${request.params.machine}`, required: false });
      return inForce(
        reply,
        await store.machines.revoke({ fingerprint, reason: request.body.reason, ...actOf(request, context) }),
      );
    },
  );
}

/** A label that no selector can name would only look as if it meant something. @throws QconnError `invalid_request` */
function refuseLabels(labels: Readonly<Record<string, string>> = {}): void {
  for (const [key, value] of Object.entries(labels)) {
    if (!isLabelKey(key) || !isLabelValue(value))
      throw new QconnError(
        'invalid_request',
        `${JSON.stringify(`${key}=${value}`.slice(0, 130))} is not a label: letters, digits and . _ - between them, at most 63 of each side; keys in lower case.`,
      );
  }
}

function labelOf(text: string | undefined): { readonly key: string; readonly value: string } | undefined {
  const at = text?.indexOf('=') ?? -1;
  return text === undefined ? undefined : { key: text.slice(0, at), value: text.slice(at + 1) };
}
