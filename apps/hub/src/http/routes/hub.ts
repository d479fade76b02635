import { Type } from 'typebox';
import type { ApiContext, App } from '../app.ts';

const Chain = Type.Array(Type.String(), { description: 'PEM, the hub’s own certificate first, the root last' });

const HubSchema = Type.Object({
  id: Type.String(),
  quicPort: Type.Integer(),
  rootPem: Type.String({ description: 'The root that the hub’s certificate chains to' }),
  trust: Type.Object(
    {
      id: Type.String({ description: 'Changes with the roots' }),
      roots: Type.Array(Type.Object({ pin: Type.String(), pem: Type.String() })),
    },
    { description: 'The roots to trust: one, or two while the CA is being rotated' },
  ),
  vouchers: Type.Array(Chain, {
    description: 'Chains of other roots for the key of the certificate that this connection presents',
  }),
  api: Type.Literal('v1'),
});

/** Which hub this is, and whom to trust: nothing of it is secret. */
export function hubRoutes(app: App, { hub, authority, serverCertificate }: ApiContext): void {
  app.get(
    '/v1/hub',
    {
      config: { access: 'public' },
      schema: { summary: 'Which hub this is, and which roots to trust', response: { 200: HubSchema } },
    },
    () => ({
      id: hub.id,
      quicPort: hub.quicPort,
      rootPem: authority.serving.rootPem,
      trust: { id: authority.trust.id, roots: authority.trust.roots.map(({ pinHex, pem }) => ({ pin: pinHex, pem })) },
      vouchers: serverCertificate.vouchers.map((chain) => [...chain]),
      api: 'v1' as const,
    }),
  );
}
