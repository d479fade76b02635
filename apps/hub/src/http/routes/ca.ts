import { Type, type Static } from 'typebox';
import type { RotationRecord } from '@qconn/store';
import { actOf, type ApiContext, type App } from '../app.ts';
import { optionalTime, timeText } from '../time.ts';

/** Over how long machines spread their renewals after an activation when nobody says, in seconds. */
const SPREAD_SECONDS = 600;

/** Machines that a status names. */
const NAMED_MAX = 100;

const Time = Type.String({ format: 'date-time' });

const CertificateSchema = Type.Object({
  subject: Type.String(),
  serial: Type.String(),
  notBefore: Time,
  notAfter: Time,
});

const LaggingSchema = Type.Object({
  fingerprint: Type.String(),
  shortCode: Type.String(),
  hostname: Type.Union([Type.String(), Type.Null()]),
  hasTrust: Type.Boolean({ description: 'It has said that it trusts both roots' }),
  hasCertificate: Type.Boolean({ description: 'It has said that it holds a certificate of the new CA' }),
  expiresAt: Time,
});

const RotationSchema = Type.Object({
  phase: Type.Union([Type.Literal('prepared'), Type.Literal('activated')]),
  root: Type.String({ description: 'Pin of the new root' }),
  previousRoot: Type.String({ description: 'Pin of the root that goes' }),
  startedAt: Time,
  activatedAt: Type.Union([Time, Type.Null()]),
  lagging: Type.Object(
    {
      live: Type.Integer({ description: 'Machines with a live certificate that are not ready for the old root to go' }),
      expired: Type.Integer({ description: 'Those whose certificate has expired, but who may still renew it' }),
      machines: Type.Array(LaggingSchema, { description: 'The first of them' }),
    },
    { description: 'Who would be locked out if the old root went now' },
  ),
  oldTokens: Type.Integer({ description: 'Enrolment tokens with the pin of the old root that can still be redeemed' }),
});

const StatusSchema = Type.Object({
  pin: Type.String({ description: 'Of the root below which machines are certified; new tokens carry it' }),
  rootKeyHere: Type.Boolean({
    description: 'Whether the hub holds the root’s key, so that it can renew the issuing CA',
  }),
  issuing: CertificateSchema,
  root: CertificateSchema,
  trust: Type.Object({ id: Type.String(), pins: Type.Array(Type.String()) }),
  rotation: Type.Union([RotationSchema, Type.Null()]),
});

const Nothing = Type.Object({}, { additionalProperties: false });

/** The hub's CA: what it is, and the change of its root, step by step. */
export function caRoutes(app: App, context: ApiContext): void {
  const { authority, graceMs, log } = context;
  const status = (): Promise<Static<typeof StatusSchema>> => statusOf(context);
  const stepped = async ({ root, phase }: RotationRecord, actor: string): ReturnType<typeof status> => {
    log.info({ event: 'ca_rotation', phase, root, actor }, 'The CA’s rotation has taken a step.');
    return status();
  };

  app.get(
    '/v1/ca',
    {
      config: { access: 'ca.read' },
      schema: { summary: 'Show the CA and its rotation', response: { 200: StatusSchema } },
    },
    status,
  );

  app.post(
    '/v1/ca/prepare',
    {
      config: { access: 'ca.rotate' },
      schema: {
        summary: 'Begin a rotation: make a new root and issuing CA, and have machines trust it beside the old one',
        body: Nothing,
        response: { 200: StatusSchema },
      },
    },
    async (request) => {
      const act = actOf(request, context);
      return stepped(await authority.prepare(act), act.actor);
    },
  );

  app.post(
    '/v1/ca/activate',
    {
      config: { access: 'ca.rotate' },
      schema: {
        summary: 'Have the new CA sign, and machines renew',
        body: Type.Object(
          {
            spreadSeconds: Type.Optional(
              Type.Integer({
                minimum: 0,
                maximum: 86_400,
                description: 'Over how long machines spread their renewals; 600 when left out',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: StatusSchema },
      },
    },
    async (request) => {
      const act = actOf(request, context);
      const renewWithinMs = (request.body.spreadSeconds ?? SPREAD_SECONDS) * 1000;
      return stepped(await authority.activate({ renewWithinMs, ...act }), act.actor);
    },
  );

  app.post(
    '/v1/ca/prune',
    {
      config: { access: 'ca.rotate' },
      schema: {
        summary: 'End the rotation: the old root is trusted no more',
        body: Type.Object(
          {
            leaveExpired: Type.Optional(
              Type.Boolean({
                description: 'Leave behind machines whose certificate has expired: they have to enrol again',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: StatusSchema },
      },
    },
    async (request) => {
      const act = actOf(request, context);
      return stepped(await authority.prune({ ...request.body, graceMs, ...act }), act.actor);
    },
  );

  app.post(
    '/v1/ca/abort',
    {
      config: { access: 'ca.rotate' },
      schema: {
        summary: 'Take back a step: the activation, or else the whole rotation',
        body: Nothing,
        response: { 200: StatusSchema },
      },
    },
    async (request) => {
      const act = actOf(request, context);
      return stepped(await authority.abort(act), act.actor);
    },
  );

  app.post(
    '/v1/ca/renew-issuing',
    {
      config: { access: 'ca.rotate' },
      schema: {
        summary: 'Make a new issuing CA below the same root; wants the root’s key',
        body: Nothing,
        response: { 200: StatusSchema },
      },
    },
    async (request) => {
      await authority.renewIssuing(actOf(request, context));
      return status();
    },
  );
}

async function statusOf({ authority, store, graceMs, clock }: ApiContext): Promise<Static<typeof StatusSchema>> {
  const { issuing, trust, rotation } = authority;
  const [own, ...above] = issuing.certificates;
  return {
    pin: issuing.rootPinHex,
    rootKeyHere: issuing.holdsRootKey,
    issuing: certificateView(own),
    root: certificateView(above.at(-1)),
    trust: { id: trust.id, pins: trust.roots.map(({ pinHex }) => pinHex) },
    rotation:
      rotation === undefined
        ? null
        : {
            phase: rotation.phase === 'activated' ? 'activated' : 'prepared',
            root: rotation.root,
            previousRoot: rotation.previousRoot,
            startedAt: timeText(rotation.startedAt),
            activatedAt: optionalTime(rotation.activatedAt),
            lagging: await laggingView(authority, graceMs),
            oldTokens: await store.tokens.countLive({
              createdBefore: rotation.activatedAt ?? clock.now(),
              now: clock.now(),
            }),
          },
  };
}

async function laggingView(
  authority: ApiContext['authority'],
  graceMs: number,
): Promise<Static<typeof RotationSchema>['lagging']> {
  const { live, expired, machines } = await authority.lagging({ graceMs, limit: NAMED_MAX });
  return { live, expired, machines: machines.map((one) => ({ ...one, expiresAt: timeText(one.expiresAt) })) };
}

type AuthorityCertificate = ApiContext['authority']['issuing']['certificates'][number];

function certificateView(certificate: AuthorityCertificate | undefined): Static<typeof CertificateSchema> {
  const { subject, serial, notBeforeMs, notAfterMs } = certificate as AuthorityCertificate;
  return { subject, serial, notBefore: timeText(notBeforeMs), notAfter: timeText(notAfterMs) };
}
