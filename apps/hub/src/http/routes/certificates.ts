import { encodePem } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import type { CredentialEntry } from '@qconn/store';
import { Type, type Static } from 'typebox';
import { RevocationLists } from '../../authority/revocation-lists.ts';
import { actOf, type ApiContext, type App } from '../app.ts';
import { pageRequest } from '../page-request.ts';
import { PageQuery, pageOf } from '../schemas.ts';
import { optionalTime, timeText } from '../time.ts';
import { pageView } from '../views.ts';

const Time = Type.String({ format: 'date-time' });
const Text = Type.String({ maxLength: 128 });
const Kind = Type.Union([
  Type.Literal('machine'),
  Type.Literal('server'),
  Type.Literal('issuing'),
  Type.Literal('root'),
]);
const Status = Type.Union([Type.Literal('live'), Type.Literal('expired'), Type.Literal('revoked')]);

const CertificateSchema = Type.Object(
  {
    serial: Type.String(),
    kind: Kind,
    machine: Type.Union([Type.String(), Type.Null()], { description: 'Fingerprint' }),
    hostname: Type.Union([Type.String(), Type.Null()]),
    subject: Type.Union([Type.String(), Type.Null()], { description: 'Hosts of a hub’s certificate, name of a CA' }),
    issuer: Type.Union([Type.String(), Type.Null()], { description: 'Pin of the CA that signed it' }),
    status: Status,
    notBefore: Time,
    notAfter: Time,
    issuedAt: Time,
    revokedAt: Type.Union([Time, Type.Null()]),
  },
  { $id: 'Certificate' },
);

const Filter = Type.Object(
  {
    ...PageQuery.properties,
    kind: Type.Optional(Kind),
    machine: Type.Optional(Type.String({ maxLength: 128, description: 'Fingerprint' })),
    hostname: Type.Optional(Text),
    status: Type.Optional(Status),
    expiresFrom: Type.Optional(Time),
    expiresBefore: Type.Optional(Time),
    last: Type.Optional(
      Type.Literal('true', {
        description: 'Only the certificate of each machine that expires last: what expires here has not been renewed',
      }),
    ),
  },
  { additionalProperties: false },
);

const Params = Type.Object({ serial: Type.String({ pattern: '^[0-9a-f]{1,40}$', description: 'Lower-case hex' }) });
const Revocation = Type.Object(
  { reason: Type.Optional(Type.String({ maxLength: 500 })) },
  { additionalProperties: false },
);

/** Every certificate that the hub's CA has issued, and the list of those that were revoked. */
export function certificateRoutes(app: App, context: ApiContext): void {
  const { store, clock, policy } = context;

  app.get(
    '/v1/certificates',
    {
      config: { access: 'certificates.read' },
      schema: {
        summary: 'List certificates, the first to expire first',
        querystring: Filter,
        response: { 200: pageOf(CertificateSchema) },
      },
    },
    async ({ query }) => {
      const { kind, machine, hostname, status, expiresFrom, expiresBefore, last } = query;
      const page = await store.credentials.list({
        ...pageRequest(query),
        now: clock.now(),
        kind,
        machine,
        hostname,
        status,
        expiresFrom: timeOf(expiresFrom),
        expiresBefore: timeOf(expiresBefore),
        lastOnly: last === 'true',
      });
      return pageView(page, certificateView);
    },
  );

  app.get(
    '/v1/certificates/:serial',
    {
      config: { access: 'certificates.read' },
      schema: {
        summary: 'Show a certificate, as PEM',
        params: Params,
        response: { 200: Type.Object({ serial: Type.String(), kind: Kind, notAfter: Time, pem: Type.String() }) },
      },
    },
    async ({ params }) => {
      const found = await store.credentials.find(params.serial);
      if (found === undefined)
        throw new QconnError('unknown_object', `There is no certificate with the serial ${params.serial}.`);
      const { serial, kind, notAfter, der } = found;
      return { serial, kind, notAfter: timeText(notAfter), pem: encodePem('CERTIFICATE', der) };
    },
  );

  app.post(
    '/v1/certificates/:serial/revoke',
    {
      config: { access: 'certificates.revoke' },
      schema: {
        summary:
          'Revoke one certificate of a machine: connections made with it are closed, the machine may use another',
        params: Params,
        body: Revocation,
        response: { 200: Type.Object({ serial: Type.String(), machine: Type.String(), revokedAt: Time }) },
      },
    },
    async (request) => {
      const { serial } = request.params;
      const { reason } = request.body;
      const revoked = await store.credentials.revoke({ serial, reason, ...actOf(request, context) });
      await policy.upToDate();
      return { serial, machine: revoked.machine ?? '', revokedAt: timeText(revoked.revokedAt ?? 0) };
    },
  );

  const lists = new RevocationLists({ ...context, generation: () => policy.current.generation });
  app.get(
    '/crl.pem',
    {
      config: { access: 'public' },
      schema: {
        summary: 'The revocation list of each issuing CA, PEM, the signing one’s first',
        response: { 200: { content: { 'application/x-pem-file': { schema: Type.String() } } } },
      },
    },
    async (_request, reply) => {
      const pem = await lists.pem();
      return reply.header('cache-control', 'public, max-age=60').type('application/x-pem-file').send(pem);
    },
  );
}

function certificateView(entry: CredentialEntry): Static<typeof CertificateSchema> {
  const { serial, kind, machine, hostname, subject, issuer, status } = entry;
  return {
    serial,
    kind,
    machine,
    hostname,
    subject,
    issuer,
    status,
    notBefore: timeText(entry.notBefore),
    notAfter: timeText(entry.notAfter),
    issuedAt: timeText(entry.issuedAt),
    revokedAt: optionalTime(entry.revokedAt),
  };
}

/** @throws QconnError `invalid_request` for what has the form of a time and is none, such as a 30th of February */
function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (Number.isFinite(time)) return time;
  throw new QconnError('invalid_request', 'expiresFrom and expiresBefore are times such as 2026-11-22T09:30:00Z.');
}
