import { generateSecret, formatSecret, hashSecret, parseSecret } from '@qconn/identity';
import { ENROLMENT_BODY_MAX_BYTES, isHostname, QconnError } from '@qconn/protocol';
import { Type } from 'typebox';
import { admissionAnswer } from '../../admission/admission-answer.ts';
import type { ApiContext, App } from '../app.ts';
import { KeySchema } from '../schemas.ts';
import { keyView } from '../views.ts';

/** ASCII: what a machine says of itself ends on an administrator's terminal. */
const PRINTABLE = '^[\\x20-\\x7e]*$';

const EnrolmentBody = Type.Object(
  {
    token: Type.String({ maxLength: 256 }),
    csr: Type.String({
      maxLength: 8192,
      pattern: '^[A-Za-z0-9+/]+={0,2}$',
      description: 'PKCS#10 request, DER in base64',
    }),
    hostname: Type.Optional(Type.String({ maxLength: 128 })),
    facts: Type.Optional(
      Type.Object(
        {
          os: Type.Optional(Type.String({ maxLength: 200, pattern: PRINTABLE })),
          arch: Type.Optional(Type.String({ maxLength: 40, pattern: PRINTABLE })),
          agent: Type.Optional(Type.String({ maxLength: 128, pattern: PRINTABLE })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

/** What a machine is given: its certificate, whom to trust, and where to go. */
export const EnrolmentAnswer = Type.Object({
  machine: Type.Object({
    fingerprint: Type.String(),
    shortCode: Type.String(),
    status: Type.String(),
    notApproved: Type.Optional(
      Type.String({
        description: 'Why a token that approves by itself has left the machine pending',
      }),
    ),
  }),
  chain: Type.Array(Type.String(), { description: 'PEM, the machine’s own certificate first' }),
  trust: Type.Array(Type.String(), { description: 'PEM roots to trust' }),
  quic: Type.Object({
    port: Type.Integer(),
    addresses: Type.Array(Type.Object({ host: Type.String(), port: Type.Integer() })),
  }),
});

const BootstrapBody = Type.Object(
  { secret: Type.String({ maxLength: 256 }), name: Type.String({ minLength: 1, maxLength: 80 }) },
  { additionalProperties: false },
);

/** How long the key of the first administrator lives, in milliseconds: long enough to make better ones. */
const FIRST_KEY_TTL_MS = 90 * 86_400_000;

/** How machines and the first administrator come in: for a secret, without a key. */
export function enrolmentRoutes(app: App, context: ApiContext): void {
  const { certificates, hub, store, clock } = context;

  app.post(
    '/v1/enroll',
    {
      bodyLimit: ENROLMENT_BODY_MAX_BYTES,
      config: { access: 'public', ration: 'enrolments' },
      schema: { summary: 'Enrol a machine for a token', body: EnrolmentBody, response: { 200: EnrolmentAnswer } },
    },
    async ({ body }) => {
      const token = parseSecret(body.token, 'qt');
      refuseUnusable(body.hostname);
      const enrolled = await certificates.enrol({
        token,
        csr: new Uint8Array(Buffer.from(body.csr, 'base64')),
        hostname: body.hostname,
        facts: body.facts ?? {},
      });
      const { machine, notApproved, created } = enrolled.enrolment;
      const { fingerprint, shortCode, status, requestedHostname, requestedHolder } = machine;
      context.log.info(
        {
          event: 'machine_enrolled',
          machine: fingerprint,
          shortCode,
          status,
          requestedHostname,
          notApproved,
          tokenId: token.idText,
          created,
        },
        'A machine enrolled.',
      );
      if (requestedHolder !== null && status === 'pending')
        context.log.warn(
          { event: 'hostname_claimed', machine: fingerprint, shortCode, requestedHostname, holder: requestedHolder },
          'A new machine asks for a hostname that another one holds: a host with a new key, or a pretender.',
        );
      return admissionAnswer(enrolled.enrolment, enrolled, hub);
    },
  );

  app.post(
    '/v1/bootstrap',
    {
      config: { access: 'public', ration: 'enrolments' },
      schema: {
        summary: 'Exchange the bootstrap secret for the first administrator’s API key, once',
        body: BootstrapBody,
        response: { 200: Type.Object({ key: Type.String(), record: KeySchema }) },
      },
    },
    async ({ body }) => {
      const bootstrap = parseSecret(body.secret, 'qb');
      const secret = generateSecret('qk');
      const now = clock.now();
      const record = await store.hub.spendBootstrap({
        id: bootstrap.idText,
        secretHash: hashSecret(bootstrap.secret),
        key: {
          id: secret.idText,
          name: body.name,
          secretHash: hashSecret(secret.secret),
          scopes: ['admin'],
          expiresAt: now + FIRST_KEY_TTL_MS,
        },
        now,
      });
      context.log.info(
        { event: 'bootstrap_spent', key: record.id },
        'The bootstrap secret was exchanged for an API key.',
      );
      return { key: formatSecret('qk', secret), record: keyView(record) };
    },
  );
}

/**
 * A name that could be mistaken for another one, or that changes what stands beside it, is not put before an administrator.
 * @throws QconnError `hostname_invalid`
 */
function refuseUnusable(hostname: string | undefined): void {
  // Only ASCII letters have another case here: to the rest of Unicode, lower case can make one name of two.
  if (hostname === undefined || isHostname(hostname.replace(/[A-Z]/g, (letter) => letter.toLowerCase()))) return;
  throw new QconnError('hostname_invalid', 'The hostname that the machine asks for is not usable.');
}
