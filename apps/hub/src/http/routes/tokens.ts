import { formatSecret, generateSecret, hashSecret } from '@qconn/identity';
import { Type } from 'typebox';
import { demand } from '../access.ts';
import { actOf, type ApiContext, type App } from '../app.ts';
import { NOBODY } from '../caller.ts';
import { mayHandOut } from '../handing-out.ts';
import { pageRequest } from '../page-request.ts';
import { PageQuery, pageOf, TokenSchema } from '../schemas.ts';
import { pageView, tokenView } from '../views.ts';

const DAY_SECONDS = 86_400;

const NewToken = Type.Object(
  {
    ttlSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 365 * DAY_SECONDS,
        default: DAY_SECONDS,
        description: 'A day when left out',
      }),
    ),
    uses: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, default: 1 })),
    hostname: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: 'The hostname that its machine shall ask for, or a pattern such as `kiosk-*` for those of several',
      }),
    ),
    roles: Type.Optional(
      Type.Array(Type.String({ maxLength: 128 }), {
        maxItems: 64,
        description: 'Roles to grant on automatic approval',
      }),
    ),
    autoApprove: Type.Optional(Type.Boolean({ default: false })),
  },
  { additionalProperties: false },
);

/** Enrolment tokens. The secret is shown once, when the token is made. */
export function tokenRoutes(app: App, context: ApiContext): void {
  const { store, authority, clock } = context;

  app.post(
    '/v1/tokens',
    {
      config: { access: 'tokens.write', secretAnswer: true },
      schema: {
        summary: 'Make an enrolment token',
        body: NewToken,
        response: { 201: Type.Object({ token: Type.String({ description: 'Shown once' }), record: TokenSchema }) },
      },
    },
    async (request, reply) => {
      const { ttlSeconds = DAY_SECONDS, uses = 1, hostname, roles, autoApprove } = request.body;
      const { caller = NOBODY } = request;
      // Whoever holds such a token approves with it.
      if (autoApprove === true) demand(caller, 'machines.approve', context);
      if (roles !== undefined) mayHandOut(caller, roles, await store.roles.named(roles), context);
      const secret = generateSecret('qt', authority.issuing.rootPin);
      const expiresAt = clock.now() + ttlSeconds * 1000;
      const record = await store.tokens.create({
        id: secret.idText,
        secretHash: hashSecret(secret.secret),
        expiresAt,
        uses,
        hostname,
        roles,
        autoApprove,
        ...actOf(request, context),
      });
      return reply.status(201).send({ token: formatSecret('qt', secret), record: tokenView(record) });
    },
  );

  app.get(
    '/v1/tokens',
    {
      config: { access: 'tokens.read' },
      schema: { summary: 'List enrolment tokens', querystring: PageQuery, response: { 200: pageOf(TokenSchema) } },
    },
    async ({ query }) => pageView(await store.tokens.list(pageRequest(query)), tokenView),
  );

  app.delete(
    '/v1/tokens/:id',
    {
      config: { access: 'tokens.write' },
      schema: {
        summary: 'Revoke an enrolment token',
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: { 200: TokenSchema },
      },
    },
    async (request) => tokenView(await store.tokens.revoke({ id: request.params.id, ...actOf(request, context) })),
  );
}
