import { formatSecret, generateSecret, hashSecret } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import { Type } from 'typebox';
import { actOf, type ApiContext, type App } from '../app.ts';
import { NOBODY, type Caller } from '../caller.ts';
import { mayEverything, mayHandOut } from '../handing-out.ts';
import { timeText } from '../time.ts';
import { pageRequest } from '../page-request.ts';
import { KeySchema, PageQuery, pageOf } from '../schemas.ts';
import { keyView, pageView } from '../views.ts';

const DAY_SECONDS = 86_400;

const NewKey = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 80 }),
    roles: Type.Array(Type.String({ maxLength: 128 }), {
      minItems: 1,
      maxItems: 64,
      description: 'The key may do what these roles allow',
    }),
    ttlSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 366 * DAY_SECONDS,
        default: 90 * DAY_SECONDS,
        description:
          '90 days when left out, or as long as the caller’s own proof lasts where it may not make a longer one',
      }),
    ),
  },
  { additionalProperties: false },
);

/** API keys for people and automation. The key is shown once, when it is made. */
export function keyRoutes(app: App, context: ApiContext): void {
  const { store } = context;

  app.post(
    '/v1/keys',
    {
      config: { access: 'keys.write', secretAnswer: true },
      schema: {
        summary: 'Make an API key',
        body: NewKey,
        response: { 201: Type.Object({ key: Type.String({ description: 'Shown once' }), record: KeySchema }) },
      },
    },
    async (request, reply) => {
      const { name, roles, ttlSeconds } = request.body;
      const { caller = NOBODY } = request;
      mayHandOut(caller, roles, await store.roles.named(roles), context);
      const expiresAt = endOfNewKey(caller, ttlSeconds, context);
      const secret = generateSecret('qk');
      const record = await store.keys.create({
        id: secret.idText,
        name,
        secretHash: hashSecret(secret.secret),
        scopes: roles,
        expiresAt,
        ...actOf(request, context),
      });
      return reply.status(201).send({ key: formatSecret('qk', secret), record: keyView(record) });
    },
  );

  app.get(
    '/v1/keys',
    {
      config: { access: 'keys.read' },
      schema: { summary: 'List API keys', querystring: PageQuery, response: { 200: pageOf(KeySchema) } },
    },
    async ({ query }) => pageView(await store.keys.list(pageRequest(query)), keyView),
  );

  app.delete(
    '/v1/keys/:id',
    {
      config: { access: 'keys.write' },
      schema: {
        summary: 'Revoke an API key',
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: { 200: KeySchema },
      },
    },
    async (request) => keyView(await store.keys.revoke({ id: request.params.id, ...actOf(request, context) })),
  );
}

/**
 * When a new key ends: no later than the one that makes it, unless that may do everything. A key that ends would else be
 * worth nothing: its holder could make one that does not.
 * @throws QconnError `forbidden`
 */
function endOfNewKey(caller: Caller, ttlSeconds: number | undefined, context: ApiContext): number {
  const now = context.clock.now();
  const wanted = now + (ttlSeconds ?? 90 * DAY_SECONDS) * 1000;
  const { endsAt = now, name } = caller;
  if (wanted <= endsAt || mayEverything(caller, context)) return wanted;
  if (ttlSeconds === undefined) return endsAt;
  throw new QconnError(
    'forbidden',
    `The new key would outlive ${name}, which makes it and ends at ${timeText(endsAt)}: give it a shorter time.`,
  );
}
